/* The server's own structures. server.h is what the application sees.
 *
 * server   one; shared by all loops: immutable after http_server_new, but for atomics and the
 * tally's lock lane    one per loop: listening socket, connections, pools of recycled memory; its
 * loop's thread only conn   one per client socket; holds exactly one http_request, used again and
 * again
 *
 * A connection ends in conn_close only. Its memory rests on the lane's list of dead ones until the
 * loop's turn is over, so a callback further up the stack never meets freed memory. */
#ifndef MAI_HTTP_INTERNAL_H
#define MAI_HTTP_INTERNAL_H

#include "codec/head.h"
#include "http/address.h"
#include "http/out.h"
#include "http/parser.h"
#include "http/server.h"
#include "http/tally.h"
#include "http/tls.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>

/* ---- the request ---- */

enum body_kind {
    BODY_NONE,
    BODY_LENGTH, /* Content-Length */
    BODY_CHUNKED,
};

struct http_request {
    struct conn *conn;
    uint64_t token; /* 0: this request is not in the application's hands */
    enum http_method method;
    struct head_info head; /* views into conn->in */
    str path, query;
    void *data;
    struct arena *arena; /* borrowed from the lane when first asked for */
    void (*on_gone)(struct http_request *r, void *ctx);
    void *gone_ctx;
    void (*on_drain)(struct http_request *r, void *ctx);
    void *drain_ctx;
    void (*on_body)(struct http_request *r, str body, void *ctx);
    void *body_ctx;
    enum body_kind body_kind;
    size_t body_max;      /* most that is accepted */
    size_t body_received; /* bytes off the wire that count as progress */
    size_t body_reserved; /* of the budget for all bodies */
    struct buf body;      /* unless it lies whole in conn->in */
    int chunked_end;      /* why decoding was stopped (body.c) */
    bool is_body_done;    /* nothing of it is left on the wire */
    bool is_stream;       /* http_stream_begin was called */
    bool is_stream_chunked;
    bool is_held; /* http_stream_hold */
    bool is_full; /* the queue went over high water and on_drain is owed */
    bool closes;  /* the connection ends after this answer */
    bool has_address;
    char address[ADDRESS_TEXT_CAP];
    char id[16]; /* empty until asked for */
};

/* ---- the connection ---- */

enum conn_state {
    CONN_HANDSHAKE, /* TLS is being set up */
    CONN_IDLE,      /* between requests, no byte of the next */
    CONN_HEAD,      /* part of a head */
    CONN_APP,       /* a request is in the application's hands; the wire is not read */
    CONN_BODY,      /* the same, and its body is being read */
    CONN_FLUSH,     /* the last answer is being written, then the connection ends */
    CONN_LINGER,    /* our side has ended; what the client still sends is thrown away for a while,
                       because    closing over unread bytes would reset the connection and lose the answer
                     */
    CONN_DEAD,
};

struct in {
    char *p; /* NULL while there is nothing to hold */
    size_t cap;
    size_t start; /* the request being read or handled begins here */
    size_t end;
    size_t scanned; /* bytes from start that head_find_end has seen */
    size_t after;   /* end of the head (later: of the body too, if that lies here), from start */
};

struct conn {
    struct conn *next, *prev; /* lane->conns, or next alone on lane->dead */
    struct lane *lane;
    int fd;
    struct tls *tls; /* NULL: plain */
    struct event event;
    enum conn_state state;
    bool is_readable, is_writable; /* as far as the last event and call said */
    bool has_fin;   /* the peer has ended its side (or reset): bytes may still wait before it */
    bool is_broken; /* writing failed; the application learns of it from the loop, not in its own
                       call */
    bool
        is_running; /* conn_run is on the stack: what is queued goes out at its end, in one write */
    bool is_half_closer;   /* ended its side with whole requests behind the current one: it still
                              listens */
    bool is_counted;       /* in the tally and the server's count */
    bool must_linger;      /* the client may still be sending what we shall not read */
    bool has_skipped_line; /* one empty line may stand before a request */
    bool must_reset;       /* the end is to be seen as a failure */
    bool is_held;          /* reads no further request until what waits has been taken */
    bool is_refused;       /* over the limit: told so and closed */
    struct address peer;
    bool is_peer_trusted;
    int64_t deadline_us;       /* of the state; INT64_MAX: none */
    int64_t write_deadline_us; /* while something waits to be written */
    int unsent;                /* bytes the kernel held when that deadline was set */
    size_t progress_mark;      /* body_received when the deadline was set */
    size_t lingered;
    struct in in;
    struct out out;
    struct http_request r;
    struct parser parser;
    uint32_t slot; /* in the table of requests */
};

/* ---- the loop's part ---- */

struct request_table; /* request.c: tokens of one loop */

struct block { /* an input buffer at rest */
    struct block *next;
};

struct resting_arena {
    struct arena arena;
    struct resting_arena *next;
};

struct lane {
    struct http_server *server;
    struct loop *loop;
    struct task attach_task, drain_task;
    int listen_fd;
    struct event *accept_event;
    struct event *reap_event; /* frees the dead when the turn is over */
    struct loop_timer sweep;
    bool is_sweeping;
    bool is_draining;
    bool is_accept_paused;
    struct conn *conns; /* all but the dead */
    struct conn *dead;
    struct conn *sweep_next; /* while a sweep runs */
    struct request_table *table;
    struct out_pool out_pool;
    struct block *in_blocks;
    size_t in_block_count;
    struct resting_arena *arenas;
    unsigned refusing; /* connections over the limit being told so */
    int64_t date_second;
    char date_line[40]; /* "Date: ...\r\n" */
    uint64_t id_state;
};

struct http_server {
    struct http_conf conf;
    struct http_limits limits;
    struct address_set trusted;
    struct tls_context *tls; /* NULL: plain */
    struct tally tally;
    uint16_t port;
    size_t lane_count;
    struct lane *lanes;
    int64_t sweep_ms;
    atomic_size_t connections;
    atomic_size_t open_requests;
    atomic_size_t bodies_bytes;
    atomic_bool is_draining;
};

/* listen.c */
NODISCARD status listen_all(struct http_server *s, struct err *e);
void listen_start(struct lane *lane); /* loop thread */
void listen_stop(struct lane *lane);

/* lane.c */
void lane_init(struct lane *lane, struct http_server *s, struct loop *loop);
void lane_free(struct lane *lane);
void lane_add(struct lane *lane, struct conn *c);
void lane_keep_sweeping(struct lane *lane);
void lane_bury(struct lane *lane, struct conn *c); /* moves to the dead; freed after the turn */
char *lane_take_block(struct lane *lane);          /* IN_BLOCK_BYTES */
void lane_give_block(struct lane *lane, char *p);
struct arena *lane_take_arena(struct lane *lane);
void lane_give_arena(struct lane *lane, struct arena *a);
str lane_date(struct lane *lane);
enum { IN_BLOCK_BYTES = 4096 };

/* wire.c: bytes in and out */
enum fill { FILL_BYTES, FILL_NOTHING, FILL_END, FILL_ERROR };
enum fill wire_fill(struct conn *c, void *dst, size_t n, size_t *got_out);
void wire_flush(struct conn *c);
bool wire_was_taken(struct conn *c); /* since the write deadline was set; sets it anew */
bool wire_has_reset(const struct conn *c);

/* conn.c */
void conn_new(struct lane *lane, int fd, const struct address *peer, bool is_over_limit);
void conn_run(struct conn *c); /* does all that can be done now */
void conn_set_state(struct conn *c, enum conn_state state);
void conn_close(struct conn *c, const char *reason); /* an open request is told: gone */
void conn_sweep(struct conn *c, int64_t now_us);
void conn_free(struct conn *c);

/* input.c: the bytes read and not yet used */
str in_unread(const struct conn *c);           /* from start */
bool in_make_room(struct conn *c, size_t max); /* at least one byte; false: it holds max already */
/* Before views are made: the head of head_n bytes gets `room` bytes behind it. */
void in_make_room_behind(struct conn *c, size_t head_n, size_t room);
void in_drop(struct conn *c, size_t n); /* n bytes at start are done with */
void in_release(struct conn *c);        /* gives the memory back when nothing is held */

/* body.c */
bool body_step(struct conn *c); /* uses what has arrived; tells the application when it is whole */
bool body_skip(struct conn *c); /* true: nothing of the body is left on the wire */
void body_free(struct http_request *r);

/* answer.c */
void answer_error(struct conn *c, status st, str text); /* and the connection ends */
void answer_finish(struct http_request *r);

/* request.c */
struct request_table *request_table_hold(struct loop *l);
void request_table_release(struct loop *l);
uint32_t request_slot_take(struct request_table *t);
void request_slot_give(struct request_table *t, uint32_t slot);
void request_open(struct http_request *r);  /* gives it a token: now it is the application's */
void request_close(struct http_request *r); /* takes it back, releases all it held */
void request_gone(struct http_request *r);  /* tells the application, then as request_close */
bool request_is_open(const struct http_request *r);
bool method_from_text(str text, enum http_method *out);

#endif
