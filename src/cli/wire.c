/* The bytes of a request and its answer; see wire.h. */
#include "cli/wire.h"
#include "base/version.h"
#include "codec/json.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- whole reads and writes ---- */

static status read_whole(int fd, char *dst, size_t n)
{
    while (n != 0) {
        ssize_t got = read(fd, dst, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ST_UPSTREAM;
        dst += got;
        n -= (size_t)got;
    }
    return ST_OK;
}

static status write_whole(int fd, str bytes)
{
    while (bytes.n != 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ST_UPSTREAM;
        bytes = str_from(bytes, (size_t)n);
    }
    return ST_OK;
}

static void put_length(char *dst, size_t n)
{
    for (int i = 0; i < 4; i++)
        dst[i] = (char)(unsigned char)(n >> (8 * i));
}

static size_t get_length(const char *src)
{
    size_t n = 0;
    for (int i = 0; i < 4; i++)
        n |= (size_t)(unsigned char)src[i] << (8 * i);
    return n;
}

static void wipe(struct buf *b)
{
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
}

/* ---- request ---- */

static void write_request(const str *words, size_t count, const struct secrets *s, struct buf *out)
{
    struct json_writer w = json_writer(out);
    jw_object(&w);
    jw_kstr(&w, STR("version"), STR(MAI_VERSION));
    jw_karray(&w, STR("words"));
    for (size_t i = 0; i < count; i++)
        jw_str(&w, words[i]);
    jw_end(&w);
    jw_kobject(&w, STR("secrets"));
    jw_kstr(&w, STR("provisioning_key"), s->provisioning_key);
    jw_kstr(&w, STR("key"), s->key);
    jw_kstr(&w, STR("password"), s->password);
    jw_end(&w);
    jw_end(&w);
}

status wire_send_request(int fd, const str *words, size_t count, const struct secrets *s)
{
    char length[4];
    MAI_AUTO(buf_free) struct buf text;
    buf_init(&text, WIRE_REQUEST_MAX_BYTES);
    CHECK(buf_reserve(&text, WIRE_REQUEST_MAX_BYTES) != NULL); /* never moves: one copy to wipe */
    write_request(words, count, s, &text);
    put_length(length, text.n);
    status st = text.is_full || count > WIRE_WORDS_MAX ? ST_TOO_BIG : write_whole(fd, (str){length, sizeof length});
    if (st == ST_OK)
        st = write_whole(fd, buf_view(&text));
    wipe(&text);
    return st;
}

static status read_text(struct json object, str name, struct arena *a, str *out)
{
    struct json v;
    return json_get(object, name, &v) ? json_string(v, a, out) : ST_BAD_REQUEST;
}

static status read_words(struct json root, struct arena *a, struct wire_request *out)
{
    struct json list, key, item;
    if (!json_get(root, STR("words"), &list) || list.type != JSON_ARRAY)
        return ST_BAD_REQUEST;
    struct json_iter it = json_iter(list);
    status st = ST_OK;
    while (st == ST_OK && json_next(&it, &key, &item)) {
        if (out->word_count == WIRE_WORDS_MAX)
            return ST_BAD_REQUEST;
        st = json_string(item, a, &out->words[out->word_count++]);
    }
    return st;
}

static status read_members(str text, struct arena *a, struct wire_request *out)
{
    struct json root, secrets;
    status st = json_check_strict(text, &root, NULL);
    if (st == ST_OK)
        st = read_text(root, STR("version"), a, &out->version);
    if (st == ST_OK)
        st = read_words(root, a, out);
    if (st == ST_OK && !json_get(root, STR("secrets"), &secrets))
        st = ST_BAD_REQUEST;
    if (st == ST_OK)
        st = read_text(secrets, STR("provisioning_key"), a, &out->secrets.provisioning_key);
    if (st == ST_OK)
        st = read_text(secrets, STR("key"), a, &out->secrets.key);
    return st == ST_OK ? read_text(secrets, STR("password"), a, &out->secrets.password) : st;
}

status wire_read_request(int fd, struct arena *a, struct wire_request *out)
{
    char head[4];
    *out = (struct wire_request){0};
    status st = read_whole(fd, head, sizeof head);
    size_t n = get_length(head);
    if (st != ST_OK)
        return st;
    char *text = n <= WIRE_REQUEST_MAX_BYTES ? arena_alloc(a, n + 1) : NULL;
    if (text == NULL)
        return ST_TOO_BIG;
    out->raw = text;
    out->raw_n = n;
    st = read_whole(fd, text, n);
    return st == ST_OK ? read_members((str){text, n}, a, out) : st;
}

void secret_clear(str s)
{
    if (s.n != 0)
        explicit_bzero((char *)(uintptr_t)s.p, s.n);
}

void wire_request_wipe(struct wire_request *r)
{
    secret_clear(r->secrets.provisioning_key);
    secret_clear(r->secrets.key);
    secret_clear(r->secrets.password);
    if (r->raw != NULL)
        explicit_bzero(r->raw, r->raw_n);
    *r = (struct wire_request){0};
}

/* ---- frames ---- */

status wire_send_frame(int fd, enum wire_kind kind, str bytes)
{
    char head[5] = {(char)kind};
    put_length(head + 1, bytes.n);
    CHECK(bytes.n <= WIRE_FRAME_MAX_BYTES);
    status st = write_whole(fd, (str){head, sizeof head});
    return st == ST_OK ? write_whole(fd, bytes) : st;
}

status wire_read_frame(int fd, struct buf *into, enum wire_kind *kind_out)
{
    char head[5];
    wipe(into);
    buf_clear(into);
    status st = read_whole(fd, head, sizeof head);
    size_t n = get_length(head + 1);
    if (st != ST_OK)
        return st;
    if (n > WIRE_FRAME_MAX_BYTES || strchr("oex", head[0]) == NULL || head[0] == '\0')
        return ST_BAD_REQUEST;
    char *room = n != 0 ? buf_reserve(into, n) : NULL;
    if (n != 0 && room == NULL)
        return ST_TOO_BIG;
    st = read_whole(fd, room, n);
    if (st != ST_OK)
        return st;
    buf_grow_by(into, n);
    *kind_out = (enum wire_kind)head[0];
    return ST_OK;
}
