/* A request's face to the application, and the table that turns its token back into it.
 *
 * A token is a number that is never used again: the low 20 bits say the slot (a connection keeps
 * one for its life), the rest counts requests of this loop. At 100,000 requests a second it lasts
 * five years. */
#include "http/internal.h"
#include "base/id.h"
#include "base/mem.h"

enum { SLOT_BITS = 20, SLOT_MASK = (1 << SLOT_BITS) - 1, NO_SLOT = SLOT_MASK };

struct slot {
    struct http_request *open; /* NULL: none */
    uint32_t next_free;
};

struct request_table {
    unsigned holders; /* lanes on this loop; changed by the servers' owner */
    struct slot *slots;
    uint32_t count, cap;
    uint32_t first_free;
    uint64_t sequence;
};

/* ---- the table ---- */

struct request_table *request_table_hold(struct loop *l)
{
    struct request_table *t = loop_local(l, LOOP_LOCAL_HTTP);
    if (t == NULL) {
        t = NEW(struct request_table);
        t->first_free = NO_SLOT;
        loop_set_local(l, LOOP_LOCAL_HTTP, t);
    }
    t->holders++;
    return t;
}

void request_table_release(struct loop *l)
{
    struct request_table *t = loop_local(l, LOOP_LOCAL_HTTP);
    if (--t->holders != 0)
        return;
    loop_set_local(l, LOOP_LOCAL_HTTP, NULL);
    mem_free(t->slots);
    mem_free(t);
}

uint32_t request_slot_take(struct request_table *t)
{
    uint32_t slot = t->first_free;
    if (slot != NO_SLOT) {
        t->first_free = t->slots[slot].next_free;
        return slot;
    }
    CHECK(t->count < NO_SLOT);
    if (t->count == t->cap) {
        t->cap = t->cap != 0 ? t->cap * 2 : 64;
        t->slots = mem_resize(t->slots, t->cap * sizeof *t->slots);
    }
    t->slots[t->count] = (struct slot){0};
    return t->count++;
}

void request_slot_give(struct request_table *t, uint32_t slot)
{
    t->slots[slot] = (struct slot){.next_free = t->first_free};
    t->first_free = slot;
}

struct http_request *http_request_by_token(struct loop *l, uint64_t token)
{
    const struct request_table *t = loop_local(l, LOOP_LOCAL_HTTP);
    uint32_t slot = (uint32_t)(token & SLOT_MASK);
    if (t == NULL || slot >= t->count)
        return NULL;
    struct http_request *r = t->slots[slot].open;
    return r != NULL && r->token == token ? r : NULL;
}

/* ---- life ---- */

void request_open(struct http_request *r)
{
    struct conn *c = r->conn;
    struct request_table *t = c->lane->table;
    r->token = ++t->sequence << SLOT_BITS | c->slot;
    t->slots[c->slot].open = r;
    atomic_fetch_add_explicit(&c->lane->server->open_requests, 1, memory_order_relaxed);
}

bool request_is_open(const struct http_request *r)
{
    return r->token != 0;
}

void request_close(struct http_request *r)
{
    CHECK(request_is_open(r));
    struct lane *lane = r->conn->lane;
    lane->table->slots[r->conn->slot].open = NULL;
    r->token = 0;
    body_free(r);
    if (r->arena != NULL)
        lane_give_arena(lane, MAI_TAKE(r->arena));
    atomic_fetch_sub_explicit(&lane->server->open_requests, 1, memory_order_relaxed);
}

void request_gone(struct http_request *r)
{
    if (r->on_gone != NULL)
        r->on_gone(r, r->gone_ctx);
    request_close(r);
}

/* ---- methods ---- */

static const str methods[HTTP_METHODS_] = {
    [HTTP_GET] = STR_INIT("GET"),         [HTTP_HEAD] = STR_INIT("HEAD"),
    [HTTP_POST] = STR_INIT("POST"),       [HTTP_PUT] = STR_INIT("PUT"),
    [HTTP_PATCH] = STR_INIT("PATCH"),     [HTTP_DELETE] = STR_INIT("DELETE"),
    [HTTP_OPTIONS] = STR_INIT("OPTIONS"),
};

str http_method_text(enum http_method m)
{
    CHECK((unsigned)m < HTTP_METHODS_);
    return methods[m];
}

bool method_from_text(str text, enum http_method *out)
{
    for (unsigned m = 0; m < HTTP_METHODS_; m++) {
        if (str_eq(text, methods[m])) {
            *out = (enum http_method)m;
            return true;
        }
    }
    return false;
}

/* ---- what the application reads ---- */

enum http_method http_request_method(const struct http_request *r)
{
    return r->method;
}

str http_request_path(const struct http_request *r)
{
    return r->path;
}

str http_request_query(const struct http_request *r)
{
    return r->query;
}

str http_request_header(const struct http_request *r, str name)
{
    str value;
    return head_get(&r->head, name, &value) ? value : STR_NONE;
}

int64_t http_request_content_length(const struct http_request *r)
{
    return r->head.content_length;
}

bool http_request_has_body(const struct http_request *r)
{
    return r->body_kind != BODY_NONE;
}

/* All X-Forwarded-For lines count as one list, in order. */
static struct address forwarded_address(struct http_request *r)
{
    struct address_set *trusted = &r->conn->lane->server->trusted;
    struct buf list MAI_AUTO(buf_free);
    buf_init(&list, r->head.fields.n + HEAD_MAX_FIELDS);
    str rest = r->head.fields, name, value;
    while (head_next(&rest, &name, &value)) {
        if (!str_eq_nocase(name, STR("X-Forwarded-For")))
            continue;
        if (list.n != 0)
            buf_add_char(&list, ',');
        buf_add(&list, value);
    }
    return address_forwarded(trusted, r->conn->peer, buf_view(&list));
}

str http_request_address(const struct http_request *request)
{
    struct http_request *r =
        (struct http_request *)request; /* the text is made when first asked for */
    if (!r->has_address) {
        struct address a = r->conn->is_peer_trusted ? forwarded_address(r) : r->conn->peer;
        address_text(&a, r->address);
        r->has_address = true;
    }
    return str_c(r->address);
}

/* The last word of the list: the one our own proxy wrote. */
bool http_request_is_https(const struct http_request *r)
{
    if (r->conn->tls != NULL)
        return true;
    if (!r->conn->is_peer_trusted)
        return false;
    str last = STR_NONE, rest = r->head.fields, name, value;
    while (head_next(&rest, &name, &value))
        if (str_eq_nocase(name, STR("X-Forwarded-Proto")))
            last = value;
    for (str part; str_split(&last, ',', &part);)
        if (last.p == NULL)
            return str_eq_nocase(str_trim(part), STR("https"));
    return false;
}

/* Not secret, only distinct: a generator of its own spares a system call per request (splitmix64).
 */
static uint64_t next_id(struct lane *lane)
{
    uint64_t z = lane->id_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

str http_request_id(const struct http_request *request)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    enum { ID_LETTERS = 10 };
    struct http_request *r = (struct http_request *)request; /* made when first asked for */
    if (r->id[0] == '\0') {
        uint64_t number = next_id(r->conn->lane);
        for (size_t i = 0; i < ID_LETTERS; i++, number /= sizeof letters - 1)
            r->id[i] = letters[number % (sizeof letters - 1)];
        r->id[ID_LETTERS] = '\0';
    }
    return str_c(r->id);
}

struct arena *http_request_arena(struct http_request *r)
{
    if (r->arena == NULL)
        r->arena = lane_take_arena(r->conn->lane);
    return r->arena;
}

struct loop *http_request_loop(struct http_request *r)
{
    return r->conn->lane->loop;
}

void http_request_set_data(struct http_request *r, void *data)
{
    r->data = data;
}

void *http_request_data(const struct http_request *r)
{
    return r->data;
}

uint64_t http_request_token(const struct http_request *r)
{
    return r->token;
}

void http_request_on_gone(struct http_request *r,
                          void (*on_gone)(struct http_request *r, void *ctx), void *ctx)
{
    r->on_gone = on_gone;
    r->gone_ctx = ctx;
}
