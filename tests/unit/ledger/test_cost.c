/* What the books cost, through the real store: calls are begun and settled by write jobs that share commits of a hundred,
 * with rollups and budget, all on one organization. Prints microseconds of CPU per call, begin and settle together;
 * fails when a row, a sum or a reservation is missing afterwards. MAI_LEDGER_CALLS changes the number of calls. */
#include "../testing.h"

#include "base/clock.h"
#include "ledger/books.h"
#include "ledger/verify.h"
#include "store/store.h"

#include <ftw.h>
#include <semaphore.h>
#include <time.h>

enum { BATCH = 100, USERS = 50 };

struct call {
    struct write_job job;
    struct generation_open open;
    char id[ID_CAP], generation_id[ID_CAP], user_id[ID_CAP];
    bool is_end;
    struct generation_settled settled;
};

static struct store *the_store;
static struct budgets *budgets;
static sem_t batch_is_done;
static struct call batch[BATCH];

static const char usage[] = "{\"prompt_tokens\":1200,\"completion_tokens\":340,\"total_tokens\":1540,\"cost\":0.0123,"
                            "\"cost_details\":{\"upstream_inference_cost\":null},"
                            "\"prompt_tokens_details\":{\"cached_tokens\":0},"
                            "\"completion_tokens_details\":{\"reasoning_tokens\":0}}";

static status run(struct write_job *j, struct db *db)
{
    struct call *c = CONTAINER_OF(j, struct call, job);
    int64_t resets_ms;
    struct err e = {0};
    if (!c->is_end)
        return generation_begin(budgets, db, &c->open, &resets_ms, &e);
    struct generation_result r = {.id = c->open.id,
                                  .state = GENERATION_SETTLED,
                                  .generation_id = str_c(c->generation_id),
                                  .provider = STR("Alpha"),
                                  .has_tokens = true,
                                  .prompt_tokens = 1200,
                                  .completion_tokens = 340,
                                  .has_cost = true,
                                  .cost = PICO(12300000000),
                                  .cost_text = STR("0.0123"),
                                  .source = STR("stream"),
                                  .usage_json = {usage, sizeof usage - 1},
                                  .now_ms = c->open.now_ms + 2000};
    return generation_settle(budgets, db, &r, &c->settled);
}

static void undo(struct write_job *j)
{
    struct call *c = CONTAINER_OF(j, struct call, job);
    if (c->is_end)
        generation_settle_undo(budgets, &c->settled, c->open.id);
    else
        generation_begin_undo(budgets, &c->open);
}

static void done(struct write_job *j, status st)
{
    struct call *c = CONTAINER_OF(j, struct call, job);
    CHECK(st == ST_OK);
    if (c == &batch[BATCH - 1])
        sem_post(&batch_is_done);
}

static void post_batch(bool is_end)
{
    for (int i = 0; i < BATCH; i++) {
        batch[i].is_end = is_end;
        batch[i].job = (struct write_job){.run = run, .undo = undo, .done = done};
        store_post(the_store, &batch[i].job);
    }
    while (sem_wait(&batch_is_done) != 0)
        ;
}

static void prepare(struct call *c, int64_t now_ms)
{
    id_new(c->id);
    snprintf(c->generation_id, sizeof c->generation_id, "gen-%.30s", c->id);
    snprintf(c->user_id, sizeof c->user_id, "user-%d", (int)test_below(USERS));
    c->open = (struct generation_open){.id = str_c(c->id),
                                       .scope = {.role = ROLE_USER, .organization_id = "o1"},
                                       .key_hash = STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
                                       .chat_id = str_c(c->id),
                                       .purpose = STR("chat"),
                                       .model = test_below(2) == 0 ? STR("openai/gpt-4o-mini") : STR("anthropic/claude-sonnet-4"),
                                       .is_stream = true,
                                       .markup = {1300000},
                                       .reserved = PICO(PICO_PER_USD / 10),
                                       .now_ms = now_ms};
    (void)str_copy_z(str_c(c->user_id), c->open.scope.user_id, sizeof c->open.scope.user_id);
}

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static const struct sql add_organization = {
    "test_add_organization",
    "INSERT INTO organizations (id, name, name_folded, markup_ppm, monthly_limit, created_ms, updated_ms)"
    " VALUES ('o1', 'One', 'one', 1300000, 9000000000000000000, 0, 0)"};

static status start(struct db *db, void *ctx)
{
    status st = budgets_load(db, &budgets);
    return st == ST_OK ? db_exec(db, &add_organization, DB_NO_ARGS) : st;
}

static void check_books(int64_t calls, int64_t now_ms)
{
    struct ledger_verification v;
    struct budget_sums sums;
    assert_st(ledger_verify(store_reader(the_store), (struct system_scope){"test"}, &v), ST_OK);
    assert_int_equal(v.rows, calls);
    assert_int_equal(v.differences, 0);
    assert_true(budgets_peek(budgets, STR("o1"), now_ms, &sums));
    assert_true(sums.reserved == 0);
    assert_true(sums.used == (__int128)calls * 15990000000);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    return remove(path);
}

static void calls_are_booked_and_their_cost_is_told(void **state)
{
    char folder[] = "/tmp/mai-ledger-cost-XXXXXX";
    const char *wanted = getenv("MAI_LEDGER_CALLS");
    int64_t calls = wanted != NULL ? strtoll(wanted, NULL, 10) / BATCH * BATCH : 5000;
    int64_t first_ms = INT64_C(1793500000000), now_ms = first_ms; /* 2026-11-01 */
    struct err e = {0};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(sem_init(&batch_is_done, 0, 0), 0);
    assert_st(store_open(&(struct store_conf){.data_dir = str_c(folder), .commit_wait_ms = 2}, &the_store, &e), ST_OK);
    assert_st(store_write(the_store, start, NULL), ST_OK);
    int64_t cpu = cpu_us(), wall = clock_mono_us();
    for (int64_t made = 0; made < calls; made += BATCH) {
        for (int i = 0; i < BATCH; i++)
            prepare(&batch[i], now_ms += 20);
        post_batch(false);
        post_batch(true);
    }
    cpu = cpu_us() - cpu;
    wall = clock_mono_us() - wall;
    print_message("# %lld calls: %.1f us CPU and %.1f us elapsed per call (begin + settle + rollups + budget + commit)\n",
                  (long long)calls, (double)cpu / (double)calls, (double)wall / (double)calls);
    check_books(calls, now_ms);
    store_close(the_store);
    budgets_free(budgets);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calls_are_booked_and_their_cost_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
