/* The bytes a connection has read and not yet used.
 *
 * The head of a request stays where it was read until the request ends, because the application
 * holds views into it; so while a request is open nothing here moves or grows. Memory is a block of
 * the lane's pool, replaced by a larger one only for a large head, and given back whenever nothing
 * is held. */
#include "http/internal.h"
#include "base/mem.h"

str in_unread(const struct conn *c)
{
    if (c->in.p == NULL)
        return (str){"", 0};
    return (str){c->in.p + c->in.start, c->in.end - c->in.start};
}

static void free_buffer(struct conn *c)
{
    if (c->in.cap == IN_BLOCK_BYTES)
        lane_give_block(c->lane, c->in.p);
    else
        mem_free(c->in.p);
    c->in.p = NULL;
}

static void move_to(struct conn *c, char *p, size_t cap)
{
    struct in *in = &c->in;
    size_t held = in->end - in->start;
    memcpy(p, in->p + in->start, held);
    free_buffer(c);
    in->p = p;
    in->cap = cap;
    in->start = 0;
    in->end = held;
}

static void move_to_front(struct in *in)
{
    memmove(in->p, in->p + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
}

static void grow(struct conn *c)
{
    size_t cap = c->in.cap * 2;
    move_to(c, mem_resize(NULL, cap), cap);
}

bool in_make_room(struct conn *c, size_t max)
{
    struct in *in = &c->in;
    if (in->p == NULL) {
        *in = (struct in){.p = lane_take_block(c->lane), .cap = IN_BLOCK_BYTES};
        return true;
    }
    if (in->end < in->cap)
        return true;
    if (request_is_open(&c->r))
        return false;
    if (in->start != 0) {
        move_to_front(in);
        return true;
    }
    if (in->end >= max)
        return false;
    grow(c);
    return true;
}

void in_make_room_behind(struct conn *c, size_t head_n, size_t room)
{
    CHECK(!request_is_open(&c->r));
    if (c->in.cap - c->in.start - head_n >= room)
        return;
    move_to_front(&c->in);
    while (c->in.cap - head_n < room)
        grow(c);
}

void in_drop(struct conn *c, size_t n)
{
    struct in *in = &c->in;
    CHECK(n <= in->end - in->start);
    in->start += n;
    in->scanned = 0;
    in->after = 0;
    if (in->start == in->end)
        in->start = in->end = 0;
}

void in_release(struct conn *c)
{
    if (c->in.p != NULL && c->in.start == c->in.end)
        free_buffer(c);
    if (c->in.p == NULL)
        c->in = (struct in){0};
}
