/* A loop's share of the server: its connections, the memory they hand round, the coarse clock that
 * looks at every deadline (one timer for all: a request starts and stops none). */
#include "http/internal.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"

#include <stdio.h>

enum {
    IN_BLOCKS_MAX = 256,
    REQUEST_ARENA_BYTES = 64 * 1024 * 1024, /* what one request may ask for */
};

/* ---- recycled memory ---- */

char *lane_take_block(struct lane *lane)
{
    struct block *b = lane->in_blocks;
    if (b == NULL)
        return mem_resize(NULL, IN_BLOCK_BYTES);
    lane->in_blocks = b->next;
    lane->in_block_count--;
    return (char *)b;
}

void lane_give_block(struct lane *lane, char *p)
{
    if (lane->in_block_count == IN_BLOCKS_MAX) {
        mem_free(p);
        return;
    }
    struct block *b = (struct block *)(void *)p;
    b->next = lane->in_blocks;
    lane->in_blocks = b;
    lane->in_block_count++;
}

struct arena *lane_take_arena(struct lane *lane)
{
    struct resting_arena *a = lane->arenas;
    if (a != NULL) {
        lane->arenas = a->next;
        return &a->arena;
    }
    a = NEW(struct resting_arena);
    arena_init(&a->arena, REQUEST_ARENA_BYTES);
    return &a->arena;
}

void lane_give_arena(struct lane *lane, struct arena *arena)
{
    struct resting_arena *a = CONTAINER_OF(arena, struct resting_arena, arena);
    arena_reset(arena);
    a->next = lane->arenas;
    lane->arenas = a;
}

static void free_pools(struct lane *lane)
{
    while (lane->in_blocks != NULL) {
        struct block *b = lane->in_blocks;
        lane->in_blocks = b->next;
        mem_free(b);
    }
    while (lane->arenas != NULL) {
        struct resting_arena *a = lane->arenas;
        lane->arenas = a->next;
        arena_free(&a->arena);
        mem_free(a);
    }
    out_pool_free(&lane->out_pool);
}

/* ---- connections ---- */

void lane_keep_sweeping(struct lane *lane)
{
    if (lane->is_sweeping)
        return;
    lane->is_sweeping = true;
    loop_timer_start(&lane->sweep, lane->server->sweep_ms);
}

void lane_add(struct lane *lane, struct conn *c)
{
    c->next = lane->conns;
    c->prev = NULL;
    if (c->next != NULL)
        c->next->prev = c;
    lane->conns = c;
    lane_keep_sweeping(lane);
}

void lane_bury(struct lane *lane, struct conn *c)
{
    if (lane->sweep_next == c)
        lane->sweep_next = c->next;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        lane->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->next = lane->dead;
    lane->dead = c;
    event_active(lane->reap_event, EV_TIMEOUT, 0);
}

static void free_dead(struct lane *lane)
{
    while (lane->dead != NULL) {
        struct conn *c = lane->dead;
        lane->dead = c->next;
        conn_free(c);
    }
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
    free_dead(arg);
}

/* Callbacks of the application may close any connection meanwhile: lane_bury keeps sweep_next
 * valid. */
static void on_sweep(struct loop_timer *t)
{
    struct lane *lane = CONTAINER_OF(t, struct lane, sweep);
    int64_t now_us = clock_mono_us();
    for (struct conn *c = lane->conns; c != NULL; c = lane->sweep_next) {
        lane->sweep_next = c->next;
        conn_sweep(c, now_us);
    }
    if (lane->is_accept_paused)
        listen_start(lane);
    lane->is_sweeping = false;
    if (lane->conns != NULL || lane->is_accept_paused)
        lane_keep_sweeping(lane);
}

/* ---- the Date line, made once a second ---- */

str lane_date(struct lane *lane)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began on a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t second = clock_now_ms() / MS_PER_SECOND;
    if (second != lane->date_second) {
        struct civil t = civil_from_ms(second * MS_PER_SECOND);
        int64_t day = second * MS_PER_SECOND / MS_PER_DAY;
        snprintf(lane->date_line, sizeof lane->date_line,
                 "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n", days + day % 7 * 3, t.day,
                 months + (t.month - 1) * 3, t.year, t.hour, t.minute, t.second);
        lane->date_second = second;
    }
    return str_c(lane->date_line);
}

/* ---- life ---- */

static void on_attach(struct task *t)
{
    struct lane *lane = CONTAINER_OF(t, struct lane, attach_task);
    if (!atomic_load(&lane->server->is_draining))
        listen_start(lane);
}

static void on_drain(struct task *t)
{
    struct lane *lane = CONTAINER_OF(t, struct lane, drain_task);
    lane->is_draining = true;
    listen_stop(lane);
    for (struct conn *c = lane->conns, *next; c != NULL; c = next) {
        next = c->next;
        if (c->state == CONN_IDLE && c->out.bytes == 0)
            conn_close(c, "draining");
    }
}

void lane_init(struct lane *lane, struct http_server *s, struct loop *loop)
{
    lane->server = s;
    lane->loop = loop;
    lane->attach_task.run = on_attach;
    lane->drain_task.run = on_drain;
    lane->date_second = -1;
    random_bytes(&lane->id_state, sizeof lane->id_state);
    lane->table = request_table_hold(loop);
    int features = event_base_get_features(loop_base(loop));
    CHECK((features & EV_FEATURE_ET) != 0 && (features & EV_FEATURE_EARLY_CLOSE) != 0);
    lane->reap_event = event_new(loop_base(loop), -1, 0, on_reap, lane);
    CHECK(lane->reap_event != NULL);
    loop_timer_init(&lane->sweep, loop, on_sweep);
}

void lane_free(struct lane *lane)
{
    listen_stop(lane);
    while (lane->conns != NULL)
        conn_close(lane->conns, "the server ends");
    free_dead(lane);
    free_pools(lane);
    loop_timer_free(&lane->sweep);
    event_free(lane->reap_event);
    request_table_release(lane->loop);
}
