/* Blocking calls to OpenRouter; see transport.h. One easy handle per thread, with its pool of
 * connections, lives until the thread ends.
 *
 * Invariants (the unit tests name the number):
 *   T1  A request that may have changed something is sent at most once: not repeated here, and
 *       never on a pooled connection, because libcurl 7.88 silently repeats a request whose
 *       pooled connection breaks.
 *   T2  No error text contains a key.
 *   T3  Only OpenRouter's own JSON says that a key is bad or a thing does not exist: an HTML
 *       page of something in between is ST_UPSTREAM.
 *   T4  A call ends within its deadline, repetitions and pauses included. */
#include "openrouter/transport.h"
#include "base/clock.h"
#include "base/mem.h"
#include "openrouter/easy.h"
#include "openrouter/usage.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum {
    REPEATS = 2,
    CONNECT_TIMEOUT_MS = 10000,
    FIRST_PAUSE_MS = 200,
    LONGEST_PAUSE_MS = 5000, /* a longer Retry-After is the caller's matter */
    MESSAGE_MAX_BYTES = 200,
    ERROR_ARENA_BYTES = 8192,
};

/* ---- a handle per thread ---- */

static pthread_key_t handle_key;

static void handle_free(void *h)
{
    curl_easy_cleanup(h);
}

static void handle_init(void)
{
    CHECK(pthread_key_create(&handle_key, handle_free) == 0);
}

static CURL *handle_of_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CHECK(pthread_once(&once, handle_init) == 0);
    CURL *h = pthread_getspecific(handle_key);
    if (h == NULL) {
        easy_global_init();
        h = curl_easy_init();
        CHECK(h != NULL && pthread_setspecific(handle_key, h) == 0);
    }
    return h;
}

/* ---- one attempt ---- */

struct attempt {
    const struct transport_request *request;
    struct buf *body;
    struct easy_guard guard;
    char auth[EASY_KEY_MAX + 32]; /* header line */
    char *url;
    CURLcode result;
    long code;
    int64_t retry_after_ms; /* -1: none */
};

static size_t on_bytes(char *p, size_t one, size_t n, void *arg)
{
    struct attempt *a = arg;
    buf_add(a->body, (str){p, n});
    return a->body->is_full ? 0 : n;
}

/* Header lines live on the stack: libcurl only reads the list while it sends. */
struct header_list {
    struct curl_slist lines[5];
    size_t count;
};

static void add_header(struct header_list *l, const char *line)
{
    CHECK(l->count < COUNT_OF(l->lines));
    struct curl_slist *added = &l->lines[l->count++];
    *added = (struct curl_slist){.data = (char *)line};
    if (l->count > 1)
        l->lines[l->count - 2].next = added;
}

static void set_request(CURL *h, struct attempt *a, struct header_list *headers)
{
    const struct transport_request *r = a->request;
    bool is_get = strcmp(r->method, "GET") == 0;
    add_header(headers, "Accept: application/json");
    add_header(headers, "Expect:");
    if (r->key.n != 0) {
        snprintf(a->auth, sizeof a->auth, "Authorization: Bearer %.*s", STR_ARG(r->key));
        add_header(headers, a->auth);
    }
    if (r->body.p != NULL) {
        add_header(headers, "Content-Type: application/json");
        EASY_SET(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
        EASY_SET(h, CURLOPT_POSTFIELDS, r->body.p);
    }
    EASY_SET(h, CURLOPT_HTTPHEADER, headers->lines);
    EASY_SET(h, CURLOPT_CUSTOMREQUEST, r->method);
    EASY_SET(h, CURLOPT_URL, a->url);
    EASY_SET(h, CURLOPT_FRESH_CONNECT, is_get ? 0L : 1L); /* T1 */
}

static void perform(struct attempt *a, int64_t left_ms)
{
    CURL *h = handle_of_thread();
    struct header_list headers = {0};
    curl_off_t retry_after = 0;
    curl_easy_reset(h);
    easy_set_rules(h, &a->guard);
    set_request(h, a, &headers);
    EASY_SET(h, CURLOPT_WRITEFUNCTION, on_bytes);
    EASY_SET(h, CURLOPT_WRITEDATA, a);
    EASY_SET(h, CURLOPT_TIMEOUT_MS, (long)left_ms);
    EASY_SET(h, CURLOPT_CONNECTTIMEOUT_MS,
             (long)(left_ms < CONNECT_TIMEOUT_MS ? left_ms : CONNECT_TIMEOUT_MS));
    buf_clear(a->body);
    a->code = 0;
    a->guard.has_refused = false;
    a->result = curl_easy_perform(h);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &a->code);
    bool is_told =
        curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0;
    a->retry_after_ms = is_told ? (int64_t)retry_after * MS_PER_SECOND : -1;
    EASY_SET(h, CURLOPT_HTTPHEADER, NULL);
    explicit_bzero(a->auth, sizeof a->auth);
}

/* ---- repeating ---- */

static bool is_worth_repeating(const struct attempt *a)
{
    if (strcmp(a->request->method, "GET") != 0 || a->guard.has_refused)
        return false;
    if (a->result == CURLE_OK)
        return a->code == 502 || a->code == 503 || a->code == 504;
    return a->result == CURLE_COULDNT_CONNECT || a->result == CURLE_COULDNT_RESOLVE_HOST ||
           a->result == CURLE_SSL_CONNECT_ERROR;
}

static void sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0)
        ;
}

/* T4 */
static void run_attempts(struct attempt *a, int64_t timeout_ms)
{
    int64_t end_us = clock_mono_us() + timeout_ms * 1000;
    for (int n = 0;; n++) {
        int64_t left_ms = (end_us - clock_mono_us()) / 1000;
        perform(a, left_ms > 0 ? left_ms : 1);
        int64_t pause_ms = a->retry_after_ms >= 0 ? a->retry_after_ms : FIRST_PAUSE_MS << n;
        left_ms = (end_us - clock_mono_us()) / 1000;
        if (n == REPEATS || !is_worth_repeating(a) || pause_ms > LONGEST_PAUSE_MS ||
            pause_ms >= left_ms)
            return;
        sleep_ms(pause_ms);
    }
}

/* ---- judging the answer ---- */

struct code_row {
    int code;
    status st;
    bool needs_json; /* T3 */
};

static const struct code_row code_rows[] = {
    {400, ST_BAD_REQUEST, true},       {401, ST_UNAUTHENTICATED, true},
    {402, ST_PAYMENT, true},           {403, ST_FORBIDDEN, true},
    {404, ST_NOT_FOUND, true},         {408, ST_UPSTREAM_TIMEOUT, false},
    {409, ST_CONFLICT, true},          {413, ST_BAD_REQUEST, true},
    {422, ST_BAD_REQUEST, true},       {429, ST_RATE_LIMITED, false},
    {504, ST_UPSTREAM_TIMEOUT, false}, {524, ST_UPSTREAM_TIMEOUT, false},
};

static status status_of_code(int64_t code, bool has_json_error)
{
    for (size_t i = 0; i < COUNT_OF(code_rows); i++)
        if (code_rows[i].code == code)
            return has_json_error || !code_rows[i].needs_json ? code_rows[i].st : ST_UPSTREAM;
    return ST_UPSTREAM;
}

/* At most that many bytes, never cutting a character. */
static str shortened(str s, size_t max_bytes)
{
    if (s.n <= max_bytes)
        return s;
    while (max_bytes != 0 && ((unsigned char)s.p[max_bytes] & 0xc0) == 0x80)
        max_bytes--;
    return str_sub(s, 0, max_bytes);
}

/* T2 */
static bool may_be_shown(str message, str key)
{
    return message.n != 0 && str_is_text(message, false) &&
           str_find(message, STR("sk-or-")) == message.n &&
           (key.n == 0 || str_find(message, key) == message.n);
}

static status refuse(const struct attempt *a, int64_t code, const struct usage_event *said,
                     struct err *e)
{
    status st = status_of_code(code, said->has_error);
    if (!may_be_shown(said->error_message, a->request->key))
        return err_set(e, st, "OpenRouter answered with status %lld", (long long)code);
    str text = shortened(said->error_message, MESSAGE_MAX_BYTES);
    return err_set(e, st, "OpenRouter: %.*s", STR_ARG(text));
}

static status judge(const struct attempt *a, struct transport_reply *out, struct err *e)
{
    struct usage_event said = {0};
    MAI_AUTO(arena_free) struct arena texts;
    arena_init(&texts, ERROR_ARENA_BYTES);
    bool is_json = json_check(str_trim(buf_view(a->body)), &out->root, NULL) == ST_OK &&
                   out->root.type == JSON_OBJECT;
    if (is_json)
        usage_read(out->root, &texts, &said);
    if (a->code < 200 || a->code > 299)
        return refuse(a, a->code, &said, e);
    if (said.has_error) /* padding was sent before the failure: the code is inside */
        return refuse(a, said.error_code, &said, e);
    if (!is_json)
        return err_set(e, ST_UPSTREAM, "OpenRouter's answer is not JSON: is the address right?");
    out->data = (struct json){0};
    json_get(out->root, STR("data"), &out->data);
    return ST_OK;
}

static status judge_failure(const struct attempt *a, struct err *e)
{
    if (a->body->is_full)
        return err_set(e, ST_UPSTREAM, "OpenRouter's answer is larger than %zu bytes",
                       a->body->max);
    return easy_failure(a->result, &a->guard, e);
}

static char *whole_url(const struct openrouter *o, str path)
{
    size_t base_n = strlen(o->base_url);
    char *url = mem_alloc(base_n + path.n + 1);
    memcpy(url, o->base_url, base_n);
    memcpy(url + base_n, path.p, path.n);
    return url;
}

status transport_call(struct openrouter *o, const struct transport_request *request,
                      struct transport_reply *out, struct err *e)
{
    *out = (struct transport_reply){0};
    buf_init(&out->body, request->max_bytes);
    if (request->key.n != 0 && !easy_is_key(request->key))
        return err_set(e, ST_UNAUTHENTICATED, "This is not a key of OpenRouter");
    struct attempt a = {
        .request = request, .body = &out->body, .guard.allow_private = o->allow_private};
    MAI_AUTO(mem_free_auto) char *url = whole_url(o, request->path);
    a.url = url;
    run_attempts(&a, o->timeout_ms);
    return a.result == CURLE_OK ? judge(&a, out, e) : judge_failure(&a, e);
}

void transport_reply_free(struct transport_reply *r)
{
    buf_free(&r->body);
}

/* ---- reading answers ---- */

void fields_text(struct fields *f, struct json v, str *out)
{
    str text;
    if (json_string(v, f->arena, &text) == ST_OK)
        *out = arena_dup(f->arena, text);
}

void fields_amount(struct fields *f, struct json v, pico *out)
{
    pico amount;
    if (v.type == JSON_NUMBER && pico_parse(v.raw, &amount) == ST_OK)
        *out = amount;
    else
        f->is_broken = true;
}

status transport_nonsense(struct err *e, const char *what)
{
    return err_set(e, ST_UPSTREAM, "OpenRouter's answer about %s makes no sense", what);
}
