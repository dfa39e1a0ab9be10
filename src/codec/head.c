/* The strict scan of a request head; see head.h.
 *
 * Invariants (tests and the fuzzer name the number):
 *   H1  A head that passes holds no CR or LF outside CR LF pairs, no NUL and no control byte but
 * tab. H2  It says in one way at most how long the body is. H3  What passes is read the same by
 * llhttp, which reads it next. H4  head_find_end gives the same end however the bytes arrive. */
#include "codec/head.h"

enum class {
    IN_TOKEN = 1,  /* RFC 9110 5.6.2: methods, field names */
    IN_TARGET = 2, /* visible ASCII but " < > # */
    IN_VALUE = 4,  /* visible, space, tab, and bytes >= 0x80 */
    IN_HOST = 8,   /* names and dotted numbers */
};

#define T3 (IN_TOKEN | IN_TARGET | IN_VALUE)
#define V2 (IN_TARGET | IN_VALUE)
#define H4 (IN_TOKEN | IN_TARGET | IN_VALUE | IN_HOST)

/* clang-format off */
static const unsigned char class_of[256] = {
    ['\t'] = IN_VALUE,       [' '] = IN_VALUE,         ['!'] = T3,
    ['"'] = IN_VALUE,        ['#'] = IN_TOKEN | IN_VALUE, ['$' ... '\''] = T3,
    ['('] = V2,              [')'] = V2,               ['*'] = T3,
    ['+'] = T3,              [','] = V2,               ['-'] = H4,
    ['.'] = H4,              ['/'] = V2,               ['0' ... '9'] = H4,
    [':'] = V2,              [';'] = V2,               ['<'] = IN_VALUE,
    ['='] = V2,              ['>'] = IN_VALUE,         ['?'] = V2,
    ['@'] = V2,              ['A' ... 'Z'] = H4,       ['['] = V2,
    ['\\'] = V2,             [']'] = V2,               ['^'] = T3,
    ['_'] = H4,              ['`'] = T3,               ['a' ... 'z'] = H4,
    ['{'] = V2,              ['|'] = T3,               ['}'] = V2,
    ['~'] = H4,              [0x80 ... 0xff] = IN_VALUE,
};
/* clang-format on */

static bool is_all(str s, enum class class)
{
    for (size_t i = 0; i < s.n; i++)
        if ((class_of[(unsigned char)s.p[i]] & class) == 0)
            return false;
    return true;
}

/* ---- where the head ends ---- */

/* Does the head end with the byte at i, because it is whole or because that byte spoils it? */
static bool ends_at(const char *p, size_t i)
{
    char before = i != 0 ? p[i - 1] : '\0';
    if (before == '\r' && p[i] != '\n')
        return true;
    if (p[i] == '\n')
        return before != '\r' || i == 1 || (i >= 3 && p[i - 2] == '\n');
    return p[i] != '\r' && (class_of[(unsigned char)p[i]] & IN_VALUE) == 0;
}

/* Behind a byte that may stand in a line, more of them need no second look. */
static size_t skip_run(str s, size_t at)
{
    while (at < s.n && (class_of[(unsigned char)s.p[at]] & IN_VALUE) != 0)
        at++;
    return at;
}

size_t head_find_end(str bytes, size_t already_scanned)
{
    for (size_t i = already_scanned; i < bytes.n;) {
        if (ends_at(bytes.p, i))
            return i + 1;
        bool is_line_end = bytes.p[i] == '\r' || bytes.p[i] == '\n';
        i = is_line_end ? i + 1 : skip_run(bytes, i + 1);
    }
    return 0;
}

/* ---- lines ---- */

/* Takes a line off *rest; its end must be CR LF. A CR within it is in no class, so it is refused
 * there. */
static bool take_line(str *rest, str *line_out)
{
    size_t lf = str_find_char(*rest, '\n');
    if (lf == rest->n || lf == 0 || rest->p[lf - 1] != '\r')
        return false;
    *line_out = str_sub(*rest, 0, lf - 1);
    *rest = str_from(*rest, lf + 1);
    return true;
}

static str trim_blank(str s)
{
    while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_from(s, 1);
    while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* ---- the request line ---- */

static status check_version(str version, struct head_info *h, struct err *e)
{
    bool is_version = version.n == 8 && str_starts(version, STR("HTTP/")) && version.p[6] == '.' &&
                      version.p[5] >= '0' && version.p[5] <= '9' && version.p[7] >= '0' &&
                      version.p[7] <= '9';
    if (!is_version)
        return err_set(e, ST_BAD_REQUEST, "The request line is malformed");
    h->minor_version = version.p[7] - '0';
    if (version.p[5] != '1' || h->minor_version > 1)
        return err_set(e, ST_HTTP_VERSION, "Only HTTP/1.1 and HTTP/1.0 are spoken here");
    return ST_OK;
}

/* host[:port] as in the Host field and in absolute targets; no user, no empty host. */
static bool is_authority(str s)
{
    size_t host_n = str_find_char(s, ':');
    if (s.n != 0 && s.p[0] == '[') {
        size_t close = str_find_char(s, ']');
        if (close == s.n || close < 3)
            return false;
        for (size_t i = 1; i < close; i++)
            if (strchr("0123456789abcdefABCDEF:.", s.p[i]) == NULL)
                return false;
        host_n = close + 1;
    } else if (host_n == 0 || host_n > 253 || !is_all(str_sub(s, 0, host_n), IN_HOST)) {
        return false;
    }
    if (host_n == s.n)
        return true;
    uint64_t port;
    str digits = str_from(s, host_n + 1);
    return s.p[host_n] == ':' && digits.n <= 5 && str_to_u64(digits, &port) == ST_OK &&
           port <= 65535;
}

/* Splits http://host/path into authority and path; others stay as they are. */
static status check_target(struct head_info *h, str *authority_out, struct err *e)
{
    str t = h->target;
    *authority_out = STR_NONE;
    if (t.n > HEAD_MAX_TARGET)
        return err_set(e, ST_URI_TOO_LONG, "The address is longer than %d bytes", HEAD_MAX_TARGET);
    if (t.n == 0 || !is_all(t, IN_TARGET))
        return err_set(e, ST_BAD_REQUEST, "The request target is malformed");
    if (t.p[0] == '/' || (str_eq(t, STR("*")) && str_eq(h->method, STR("OPTIONS"))))
        return ST_OK;
    size_t scheme = str_starts_nocase(t, STR("http://"))    ? 7
                    : str_starts_nocase(t, STR("https://")) ? 8
                                                            : 0;
    str rest = str_from(t, scheme);
    size_t path = str_find_char(rest, '/');
    if (scheme == 0 || path == rest.n || !is_authority(str_sub(rest, 0, path)))
        return err_set(e, ST_BAD_REQUEST, "The request target is malformed");
    *authority_out = str_sub(rest, 0, path);
    h->target = str_from(rest, path);
    return ST_OK;
}

static status check_request_line(str line, struct head_info *h, str *authority_out, struct err *e)
{
    size_t first = str_find_char(line, ' ');
    str rest = str_from(line, first + 1);
    size_t second = str_find_char(rest, ' ');
    h->method = str_sub(line, 0, first);
    h->target = str_sub(rest, 0, second);
    if (h->method.n == 0 || h->method.n > HEAD_MAX_METHOD || !is_all(h->method, IN_TOKEN))
        return err_set(e, ST_BAD_REQUEST, "The request line is malformed");
    status st = check_version(str_from(rest, second + 1), h, e);
    if (st != ST_OK)
        return st;
    if (str_eq(h->method, STR("CONNECT")))
        return err_set(e, ST_NOT_SUPPORTED, "CONNECT is not supported");
    return check_target(h, authority_out, e);
}

/* ---- fields with a meaning for the connection ---- */

/* Which of them were seen. */
struct seen {
    uint32_t once; /* bit per row of known_fields */
    bool is_close, is_keep_alive;
};

static status on_host(struct head_info *h, struct seen *seen, str value, struct err *e)
{
    h->host = value;
    if (!is_authority(value))
        return err_set(e, ST_BAD_REQUEST, "The Host header is malformed");
    return ST_OK;
}

static status on_content_length(struct head_info *h, struct seen *seen, str value, struct err *e)
{
    uint64_t n = 0;
    status st = str_to_u64(value, &n);
    if (st == ST_BAD_REQUEST)
        return err_set(e, st, "The Content-Length header is malformed");
    if (st != ST_OK || n > INT64_MAX)
        return err_set(e, ST_TOO_BIG, "The Content-Length header is out of range");
    h->content_length = (int64_t)n;
    return ST_OK;
}

static status on_transfer_encoding(struct head_info *h, struct seen *seen, str value, struct err *e)
{
    if (!str_eq_nocase(value, STR("chunked")))
        return err_set(e,
                       value.n != 0 && is_all(value, IN_TOKEN) ? ST_NOT_SUPPORTED : ST_BAD_REQUEST,
                       "Only the transfer coding chunked is supported");
    h->is_chunked = true;
    return ST_OK;
}

static status on_expect(struct head_info *h, struct seen *seen, str value, struct err *e)
{
    if (!str_eq_nocase(value, STR("100-continue")))
        return err_set(e, ST_EXPECTATION, "Only Expect: 100-continue is supported");
    h->expects_continue = true;
    return ST_OK;
}

static status on_connection(struct head_info *h, struct seen *seen, str value, struct err *e)
{
    seen->is_close = seen->is_close || head_list_has(value, STR("close"));
    seen->is_keep_alive = seen->is_keep_alive || head_list_has(value, STR("keep-alive"));
    return ST_OK;
}

/* Fields we read or that must not be repeated: two of them would be read differently by different
 * servers. */
static const struct known_field {
    str name;
    bool is_once;
    status (*read)(struct head_info *h, struct seen *seen, str value, struct err *e);
} known_fields[] = {
    {STR_INIT("host"), true, on_host},
    {STR_INIT("content-length"), true, on_content_length},
    {STR_INIT("transfer-encoding"), true, on_transfer_encoding},
    {STR_INIT("expect"), true, on_expect},
    {STR_INIT("connection"), false, on_connection},
    {STR_INIT("content-type"), true, NULL},
    {STR_INIT("content-encoding"), true, NULL},
    {STR_INIT("authorization"), true, NULL},
    {STR_INIT("origin"), true, NULL},
};

static status check_known(str name, str value, struct head_info *h, struct seen *seen,
                          struct err *e)
{
    for (size_t i = 0; i < COUNT_OF(known_fields); i++) {
        const struct known_field *f = &known_fields[i];
        if (!str_eq_nocase(name, f->name))
            continue;
        if (f->is_once && (seen->once >> i & 1) != 0)
            return err_set(e, ST_BAD_REQUEST, "The header %s is given twice", f->name.p);
        seen->once |= UINT32_C(1) << i;
        return f->read != NULL ? f->read(h, seen, value, e) : ST_OK;
    }
    return ST_OK;
}

static bool split_field(str line, str *name_out, str *value_out)
{
    size_t colon = str_find_char(line, ':');
    if (colon == line.n)
        return false;
    *name_out = str_sub(line, 0, colon);
    *value_out = trim_blank(str_from(line, colon + 1));
    return true;
}

static status check_field(str line, struct head_info *h, struct seen *seen, struct err *e)
{
    str name, value;
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return err_set(e, ST_BAD_REQUEST, "A header line is folded");
    if (!split_field(line, &name, &value) || name.n == 0 || !is_all(name, IN_TOKEN))
        return err_set(e, ST_BAD_REQUEST, "A header's name is malformed");
    if (!is_all(value, IN_VALUE))
        return err_set(e, ST_BAD_REQUEST, "A header's value holds a control character");
    if (++h->field_count > HEAD_MAX_FIELDS)
        return err_set(e, ST_HEAD_TOO_BIG, "There are more than %d headers", HEAD_MAX_FIELDS);
    return check_known(name, value, h, seen, e);
}

/* ---- the whole ---- */

static status check_together(struct head_info *h, const struct seen *seen, str authority,
                             struct err *e)
{
    if (h->is_chunked && h->content_length >= 0)
        return err_set(e, ST_BAD_REQUEST,
                       "Content-Length and Transfer-Encoding exclude each other");
    if (h->is_chunked && h->minor_version == 0)
        return err_set(e, ST_BAD_REQUEST, "HTTP/1.0 knows no Transfer-Encoding");
    if (h->host.p == NULL && h->minor_version == 1)
        return err_set(e, ST_BAD_REQUEST, "The Host header is missing");
    if (authority.p != NULL && h->host.p != NULL && !str_eq_nocase(authority, h->host))
        return err_set(e, ST_BAD_REQUEST, "The request target and the Host header differ");
    if (h->host.p == NULL)
        h->host = authority.p != NULL ? authority : STR("");
    h->expects_continue = h->expects_continue && h->minor_version == 1;
    h->is_keep_alive = !seen->is_close && (h->minor_version == 1 || seen->is_keep_alive);
    return ST_OK;
}

static status check_fields(str rest, struct head_info *h, struct seen *seen, struct err *e)
{
    str line;
    h->fields = rest;
    while (take_line(&rest, &line)) {
        if (line.n == 0 && rest.n == 0) {
            h->fields.n -= 2;
            return ST_OK;
        }
        if (line.n == 0)
            return err_set(e, ST_BAD_REQUEST, "Something follows the blank line");
        status st = check_field(line, h, seen, e);
        if (st != ST_OK)
            return st;
    }
    return err_set(e, ST_BAD_REQUEST, "A header line does not end with CR LF");
}

status head_check(str head, struct head_info *out, struct err *e)
{
    struct head_info h = {.content_length = -1};
    struct seen seen = {0};
    str rest = head, line, authority;
    if (!take_line(&rest, &line))
        return err_set(e, ST_BAD_REQUEST, "The request line does not end with CR LF");
    status st = check_request_line(line, &h, &authority, e);
    if (st == ST_OK)
        st = check_fields(rest, &h, &seen, e);
    if (st == ST_OK)
        st = check_together(&h, &seen, authority, e);
    if (st == ST_OK)
        *out = h;
    return st;
}

bool head_next(str *rest, str *name_out, str *value_out)
{
    str line;
    return take_line(rest, &line) && split_field(line, name_out, value_out);
}

bool head_get(const struct head_info *h, str name, str *value_out)
{
    str rest = h->fields, found, value;
    while (head_next(&rest, &found, &value)) {
        if (!str_eq_nocase(found, name))
            continue;
        *value_out = value;
        return true;
    }
    return false;
}

bool head_list_has(str list, str token)
{
    str item;
    while (str_split(&list, ',', &item))
        if (str_eq_nocase(trim_blank(str_sub(item, 0, str_find_char(item, ';'))), token))
            return true;
    return false;
}
