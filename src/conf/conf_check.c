/* Checks of single values, by type; see conf_table.h. Foreign text: whatever fails is named in
 * words that say what is allowed, and no secret is ever part of them. */
#include "conf/conf_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    MAX_SECRET_FILE_BYTES = 8192,
    MAX_PATH_BYTES = 4000,
    MAX_URL_BYTES = 240,
    MAX_SHOWN_BYTES = 80
};

static bool is_secret(const struct conf_row *row)
{
    return row->type == CONF_SECRET || row->type == CONF_DATABASE;
}

void conf_allowed(const struct conf_row *row, struct buf *out)
{
    switch (row->type) {
    case CONF_TEXT:
        buf_addf(out, "text of one line, at most %d bytes", (int)row->max);
        return;
    case CONF_INT:
        buf_addf(out, "a whole number from %d to %d", (int)row->min, (int)row->max);
        return;
    case CONF_MEGABYTES:
        buf_addf(out, "whole megabytes from %d to %d", (int)row->min, (int)row->max);
        return;
    case CONF_BOOL:
        buf_add(out, STR("true or false"));
        return;
    case CONF_CHOICE:
    case CONF_SWITCH:
    case CONF_LOG_LEVEL:
        buf_addf(out, "one of: %s", row->choices);
        return;
    case CONF_URL:
        buf_add(out, STR("http:// or https:// with a host, without user, query or fragment"));
        return;
    case CONF_DATABASE:
        buf_add(out, STR("empty or sqlite:///path (PostgreSQL is not supported in this version)"));
        return;
    case CONF_HOST:
        buf_add(out, STR("an IP address (0.0.0.0 or :: for all) or localhost"));
        return;
    case CONF_NETWORKS:
        buf_add(out, STR("addresses or networks like 10.0.0.0/8 with commas between, or *"));
        return;
    case CONF_EMAIL:
        buf_add(out, STR("an email address"));
        return;
    case CONF_MARKUP:
        buf_add(out, STR("a number above 0, at most 100, with at most 6 decimals"));
        return;
    case CONF_PATH:
        buf_add(out, STR("a path"));
        return;
    case CONF_READABLE:
    case CONF_SECRET_FILE:
        buf_add(out, STR("the path of a file that mAI can read"));
        return;
    case CONF_SECRET:
        buf_addf(out, "printable text of %d to %d bytes", (int)row->min, (int)row->max);
        return;
    case CONF_IGNORED:
        return;
    }
    UNREACHABLE();
}

static status refuse(const struct conf_row *row, str value, struct err *e)
{
    MAI_AUTO(buf_free) struct buf allowed;
    buf_init(&allowed, 256);
    conf_allowed(row, &allowed);
    if (is_secret(row))
        return err_set(e, ST_UNPROCESSABLE, "%s: the value given is not acceptable; allowed: %s",
                       row->name, buf_z(&allowed));
    if (!str_is_text(value, false))
        value = STR("(not printable)");
    bool is_long = value.n > MAX_SHOWN_BYTES;
    str shown = is_long ? str_sub(value, 0, MAX_SHOWN_BYTES) : value;
    while (is_long && !str_is_utf8(shown))
        shown.n--;
    return err_set(e, ST_UNPROCESSABLE, "%s: \"%.*s%s\" is not acceptable; allowed: %s", row->name,
                   STR_ARG(shown), is_long ? "..." : "", buf_z(&allowed));
}

static str keep(struct conf *c, str value)
{
    str copy = {arena_z(c->arena, value), value.n};
    CHECK(!c->arena->is_full);
    return copy;
}

static bool set_int(int64_t *field, const struct conf_row *row, str value, int64_t unit)
{
    int64_t number;
    if (str_to_i64(value, &number) != ST_OK || number < row->min || number > row->max)
        return false;
    *field = number * unit;
    return true;
}

static bool set_bool(bool *field, str value)
{
    static const struct {
        str word;
        bool is_true;
    } words[] = {{STR_INIT("true"), true}, {STR_INIT("false"), false}, {STR_INIT("yes"), true},
                 {STR_INIT("no"), false},  {STR_INIT("on"), true},     {STR_INIT("off"), false},
                 {STR_INIT("1"), true},    {STR_INIT("0"), false}};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq_nocase(value, words[i].word)) {
            *field = words[i].is_true;
            return true;
        }
    }
    return false;
}

/* The chosen word as the table writes it, and its place; false when it is none of them. */
static bool choose(const struct conf_row *row, str value, str *word_out, int *index_out)
{
    str rest = str_c(row->choices);
    str word;
    for (int i = 0; str_split(&rest, ' ', &word); i++) {
        if (str_eq_nocase(word, value)) {
            *word_out = word;
            *index_out = i;
            return true;
        }
    }
    return false;
}

static bool set_choice(str *field, const struct conf_row *row, str value)
{
    int index;
    return choose(row, value, field, &index);
}

static bool set_switch(bool *field, const struct conf_row *row, str value)
{
    str word;
    int index;
    if (!choose(row, value, &word, &index))
        return false;
    *field = index == 0;
    return true;
}

static bool set_log_level(enum log_level *field, const struct conf_row *row, str value)
{
    static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_WARN, LOG_ERROR};
    str word;
    int index;
    if (!choose(row, value, &word, &index))
        return false;
    *field = levels[index];
    return true;
}

static bool is_url_char(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}?#@", c) == NULL;
}

static bool is_port(str s)
{
    int64_t port;
    return str_to_i64(s, &port) == ST_OK && port >= 1 && port <= 65535;
}

/* host, host:port, [v6], [v6]:port */
static bool is_authority(str s)
{
    size_t close = str_find_char(s, ']');
    bool is_bracketed = s.n != 0 && s.p[0] == '[';
    if (is_bracketed && close == s.n)
        return false;
    size_t host_end = is_bracketed ? close + 1 : str_find_char(s, ':');
    str rest = str_from(s, host_end);
    if (host_end == 0 || (is_bracketed && host_end < 4))
        return false;
    if (rest.n == 0)
        return true;
    return rest.p[0] == ':' && is_port(str_from(rest, 1));
}

static bool set_url(struct conf *c, str *field, str value)
{
    bool is_https = str_starts_nocase(value, STR("https://"));
    if (!is_https && !str_starts_nocase(value, STR("http://")))
        return false;
    if (value.n > MAX_URL_BYTES)
        return false;
    for (size_t i = 0; i < value.n; i++)
        if (!is_url_char(value.p[i]))
            return false;
    str rest = str_from(value, is_https ? 8 : 7);
    if (!is_authority(str_sub(rest, 0, str_find_char(rest, '/'))))
        return false;
    while (value.p[value.n - 1] == '/')
        value.n--;
    *field = keep(c, value);
    return true;
}

static bool is_path(str value)
{
    return value.n != 0 && value.n <= MAX_PATH_BYTES && str_is_text(value, false);
}

static bool set_database(struct conf *c, str *field, str value)
{
    str prefix = STR("sqlite:///");
    if (!str_starts(value, prefix) || !is_path(str_from(value, prefix.n)) ||
        str_ends(value, STR("/")))
        return false;
    *field = keep(c, value);
    return true;
}

/* Length of the address in bytes (4 or 16), 0 when it is none. */
static int address_bytes(str s)
{
    char z[64];
    unsigned char raw[16];
    if (!str_copy_z(s, z, sizeof z))
        return 0;
    if (inet_pton(AF_INET, z, raw) == 1)
        return 4;
    return inet_pton(AF_INET6, z, raw) == 1 ? 16 : 0;
}

static bool set_host(struct conf *c, str *field, str value)
{
    if (address_bytes(value) == 0 && !str_eq(value, STR("localhost")))
        return false;
    *field = keep(c, value);
    return true;
}

static bool is_network(str s)
{
    size_t slash = str_find_char(s, '/');
    int bytes = address_bytes(str_sub(s, 0, slash));
    int64_t prefix;
    if (slash == s.n || bytes == 0)
        return bytes != 0;
    return str_to_i64(str_from(s, slash + 1), &prefix) == ST_OK && prefix >= 0 &&
           prefix <= bytes * 8;
}

static bool set_networks(struct conf *c, str *field, str value)
{
    str rest = value;
    str part;
    if (!str_eq(value, STR("*")))
        while (str_split(&rest, ',', &part))
            if (!is_network(str_trim(part)))
                return false;
    *field = keep(c, value);
    return value.n <= MAX_PATH_BYTES;
}

static bool set_email(struct conf *c, str *field, str value)
{
    size_t at = str_find_char(value, '@');
    str domain = str_from(value, at + 1);
    if (at == 0 || at == value.n || domain.n == 0 || value.n > 254 || !str_is_text(value, false))
        return false;
    if (str_find_char(domain, '@') != domain.n || str_find_char(value, ' ') != value.n)
        return false;
    *field = keep(c, value);
    return true;
}

static bool set_text(struct conf *c, str *field, const struct conf_row *row, str value)
{
    if (value.n > (size_t)row->max || !str_is_text(value, false))
        return false;
    *field = keep(c, value);
    return true;
}

static bool set_path(struct conf *c, str *field, str value)
{
    if (!is_path(value))
        return false;
    *field = keep(c, value);
    return true;
}

static bool set_readable(struct conf *c, str *field, str value)
{
    return set_path(c, field, value) && access(field->p, R_OK) == 0;
}

static bool set_secret(struct conf *c, str *field, const struct conf_row *row, str value)
{
    if (value.n < (size_t)row->min || value.n > (size_t)row->max || !str_is_text(value, false))
        return false;
    *field = keep(c, value);
    return true;
}

static bool set_field(struct conf *c, const struct conf_row *row, str value)
{
    void *field = (char *)c + row->offset;
    switch (row->type) {
    case CONF_TEXT:
        return set_text(c, field, row, value);
    case CONF_INT:
        return set_int(field, row, value, 1);
    case CONF_MEGABYTES:
        return set_int(field, row, value, 1024 * 1024);
    case CONF_BOOL:
        return set_bool(field, value);
    case CONF_CHOICE:
        return set_choice(field, row, value);
    case CONF_SWITCH:
        return set_switch(field, row, value);
    case CONF_LOG_LEVEL:
        return set_log_level(field, row, value);
    case CONF_URL:
        return set_url(c, field, value);
    case CONF_DATABASE:
        return set_database(c, field, value);
    case CONF_HOST:
        return set_host(c, field, value);
    case CONF_NETWORKS:
        return set_networks(c, field, value);
    case CONF_EMAIL:
        return set_email(c, field, value);
    case CONF_MARKUP:
        return markup_parse(value, field) == ST_OK;
    case CONF_PATH:
        return set_path(c, field, value);
    case CONF_READABLE:
        return set_readable(c, field, value);
    case CONF_SECRET:
        return set_secret(c, field, row, value);
    case CONF_IGNORED:
        *(bool *)field = true;
        return true;
    case CONF_SECRET_FILE:
        break; /* read by set_secret_file */
    }
    UNREACHABLE();
}

static bool read_secret(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    enum { CHUNK = 1024 };
    ssize_t got = 0;
    (void)buf_reserve(out,
                      MAX_SECRET_FILE_BYTES); /* all at once: growing would leave copies behind */
    do {
        char *room = buf_reserve(out, CHUNK);
        got = room != NULL ? read(fd, room, CHUNK) : -1;
        if (got > 0)
            buf_grow_by(out, (size_t)got);
    } while (got > 0);
    close(fd);
    return got == 0;
}

static status set_secret_file(struct conf *c, const struct conf_row *row, str path, struct err *e)
{
    str *field = (str *)((char *)c + row->offset);
    struct buf secret;
    if (field->n != 0)
        return err_set(e, ST_UNPROCESSABLE, "%s: give the secret itself or the file, not both",
                       row->name);
    if (!is_path(path))
        return refuse(row, path, e);
    buf_init(&secret, MAX_SECRET_FILE_BYTES);
    bool is_read = read_secret(arena_z(c->arena, path), &secret);
    bool is_set = is_read && set_secret(c, field, row, str_trim(buf_view(&secret)));
    if (secret.p != NULL)
        explicit_bzero(secret.p, secret.cap);
    buf_free(&secret);
    if (!is_read)
        return refuse(row, path, e);
    if (!is_set)
        return err_set(e, ST_UNPROCESSABLE,
                       "%s: the file must hold %d to %d bytes of printable text", row->name,
                       (int)row->min, (int)row->max);
    return ST_OK;
}

status conf_set(struct conf *c, const struct conf_row *row, str value, struct err *e)
{
    if (row->type == CONF_SECRET_FILE)
        return set_secret_file(c, row, value, e);
    return set_field(c, row, value) ? ST_OK : refuse(row, value, e);
}
