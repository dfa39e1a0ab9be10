/* Request log; see seen.h. */
#include "seen.h"
#include "jout.h"
#include "keys.h"
#include "text.h"
#include "base/mem.h"

void seen_init(struct seen *s, size_t cap)
{
    *s = (struct seen){.cap = cap};
    if (cap != 0)
        s->ring = mem_alloc_array(cap, sizeof *s->ring);
}

void seen_clear(struct seen *s)
{
    for (size_t i = 0; i < s->cap; i++)
        mem_free(s->ring[i].provider);
    mem_free(s->ring);
    seen_init(s, s->cap);
}

static const char *names_of(const struct http_request *r)
{
    struct buf MAI_AUTO(buf_free) names;
    buf_init(&names, 64 * 1024);
    for (size_t i = 0; i < r->header_count; i++) {
        if (i != 0)
            buf_add_char(&names, ',');
        buf_add(&names, r->headers[i].name);
    }
    return text_keep(buf_view(&names));
}

struct seen_request *seen_note(struct seen *s, const struct http_request *r)
{
    if (s->cap == 0)
        return NULL;
    struct seen_request *one = &s->ring[s->count++ % s->cap];
    mem_free(one->provider);
    *one = (struct seen_request){
        .number = s->count,
        .connection = r->connection,
        .at_ms = sim_now_ms(),
        .method = text_keep(r->method),
        .path = text_keep(r->path),
        .query = text_keep(r->query),
        .names = names_of(r),
        .body_n = r->body.n,
        .max_tokens = -1,
    };
    sha256_hex(r->body, one->body_hash);
    return one;
}

static const char *string_member(json_t *body, const char *name)
{
    return text_keep(str_c(json_string_value(json_object_get(body, name))));
}

void seen_note_body(struct seen_request *s, json_t *body)
{
    if (s == NULL)
        return;
    json_t *max = json_object_get(body, "max_tokens"),
           *provider = json_object_get(body, "provider");
    s->model = string_member(body, "model");
    s->user = string_member(body, "user");
    s->session = string_member(body, "session_id");
    s->streams = json_is_true(json_object_get(body, "stream"));
    s->has_max_tokens = max != NULL;
    s->max_tokens = json_integer_value(max);
    if (provider == NULL)
        return;
    char *text = json_dumps(provider, JSON_COMPACT | JSON_ENCODE_ANY);
    s->provider = text;
}

static void write_names(struct jout *j, const char *names)
{
    str rest = str_c(names), name;
    jo_kopen(j, "headers", '[');
    while (str_split(&rest, ',', &name))
        jo_str(j, name);
    jo_close(j, ']');
}

static void write_one(const struct seen_request *s, struct buf *out)
{
    struct jout j = jout(out);
    char at[ISO_TIME_CAP];
    iso_from_ms(s->at_ms, at);
    jo_open(&j, '{');
    jo_ki64(&j, "n", (int64_t)s->number);
    jo_kz(&j, "at", at);
    jo_ki64(&j, "connection", (int64_t)s->connection);
    jo_kz(&j, "method", s->method);
    jo_kz(&j, "path", s->path);
    jo_kz(&j, "query", s->query != NULL ? s->query : "");
    jo_kz(&j, "key_hash", s->key_hash);
    jo_kz(&j, "model", s->model);
    jo_kz(&j, "user", s->user);
    jo_kz(&j, "session_id", s->session);
    jo_kbool(&j, "stream", s->streams);
    if (s->has_max_tokens)
        jo_ki64(&j, "max_tokens", s->max_tokens);
    else
        jo_knull(&j, "max_tokens");
    jo_kraw(&j, "provider", s->provider != NULL ? str_c(s->provider) : STR("null"));
    jo_ki64(&j, "body_bytes", (int64_t)s->body_n);
    jo_kz(&j, "body_sha256", s->body_hash);
    jo_kz(&j, "generation_id", s->id[0] != '\0' ? s->id : NULL);
    write_names(&j, s->names);
    jo_close(&j, '}');
    buf_add_char(out, '\n');
}

void seen_write(const struct seen *s, const char *path, uint64_t from, struct buf *out)
{
    uint64_t first = s->count > s->cap ? s->count - s->cap : 0;
    if (from > 1 && from - 1 > first)
        first = from - 1;
    for (uint64_t i = first; i < s->count; i++) {
        const struct seen_request *one = &s->ring[i % s->cap];
        if (path == NULL || str_eq(str_c(one->path), str_c(path)))
            write_one(one, out);
    }
}
