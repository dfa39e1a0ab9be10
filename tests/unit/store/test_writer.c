/* The writer's invariants (store.h S1..S4) and what happens when a job, a commit or the disk fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fixture.h"
#include "losing_vfs.h"

#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[TEST_PATH_CAP];
static struct store *store;

static int set_up(void **state)
{
    folder_make(NULL, folder);
    store = store_at(folder, LOSING_VFS);
    notes_make(store);
    return 0;
}

static int tear_down(void **state)
{
    store_close(store);
    folder_remove(folder);
    return 0;
}

/* A job that writes one note, then does as told; its order among the others is kept. */
struct note_job {
    struct write_job job;
    int64_t id;
    int64_t parent;
    status result;  /* of run, when the note could be added */
    sem_t *may_run; /* waits here first */
    status told;
    int undone; /* position in the order of undoing, 0 when it was not */
    int done;   /* position in the order of answers */
    struct loop *answered_on;
};

static atomic_int done_count, undo_count;
static sem_t all_done;
static int awaited;

static status run_note(struct write_job *j, struct db *db)
{
    struct note_job *n = CONTAINER_OF(j, struct note_job, job);
    char word[32];
    if (n->may_run != NULL)
        while (sem_wait(n->may_run) != 0)
            ;
    snprintf(word, sizeof word, "note %lld", (long long)n->id);
    status st = note_add(db, n->id, word, n->parent);
    return st == ST_OK ? n->result : st;
}

static void undo_note(struct write_job *j)
{
    CONTAINER_OF(j, struct note_job, job)->undone = atomic_fetch_add(&undo_count, 1) + 1;
}

static void note_done(struct write_job *j, status st)
{
    struct note_job *n = CONTAINER_OF(j, struct note_job, job);
    n->told = st;
    n->answered_on = loop_current();
    n->done = atomic_fetch_add(&done_count, 1) + 1;
    if (n->done == awaited)
        sem_post(&all_done);
}

static struct note_job note_job(int64_t id, status result)
{
    return (struct note_job){
        .job = {.run = run_note, .undo = undo_note, .done = note_done}, .id = id, .result = result};
}

/* Holds the writer inside a first job until everything is queued, so that the rest share a commit.
 */
static void run_together(struct note_job *jobs, int count)
{
    sem_t gate;
    struct note_job first = note_job(100000, ST_CANCELLED);
    sem_init(&gate, 0, 0);
    sem_init(&all_done, 0, 0);
    first.may_run = &gate;
    awaited = count + 1;
    atomic_store(&done_count, 0);
    atomic_store(&undo_count, 0);
    store_post(store, &first.job);
    for (int i = 0; i < count; i++)
        store_post(store, &jobs[i].job);
    sem_post(&gate);
    while (sem_wait(&all_done) != 0)
        ;
    sem_destroy(&all_done);
    sem_destroy(&gate);
    assert_int_equal(first.told, ST_CANCELLED);
}

/* S4, and the point of it all: a thousand jobs, a few syncs. */
static void test_a_group_commit_in_order(void **state)
{
    enum { JOBS = 1000 };
    struct note_job *jobs = mem_alloc_array(JOBS, sizeof *jobs);
    for (int i = 0; i < JOBS; i++)
        jobs[i] = note_job(i + 1, ST_OK);
    uint64_t before = losing_vfs_syncs();
    run_together(jobs, JOBS);
    uint64_t used = losing_vfs_syncs() - before;
    assert_in_range(used, 1, 100);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].told, ST_OK);
        assert_int_equal(jobs[i].done, i + 2);
        assert_int_equal(jobs[i].undone, 0);
    }
    assert_int_equal(note_count(store_reader(store)), JOBS);
    mem_free(jobs);
}

/* S2: when a job is told, a reader sees it. */
struct visible {
    struct write_job job;
    sem_t told;
    status st;
};

static status run_visible(struct write_job *j, struct db *db)
{
    return note_add(db, 2001, "visible", 0);
}

static void told_visible(struct write_job *j, status st)
{
    struct visible *v = CONTAINER_OF(j, struct visible, job);
    v->st = st;
    sem_post(&v->told);
}

static void test_b_done_is_visible(void **state)
{
    struct visible v = {.job = {.run = run_visible, .done = told_visible}};
    sem_init(&v.told, 0, 0);
    store_post(store, &v.job);
    while (sem_wait(&v.told) != 0)
        ;
    assert_int_equal(v.st, ST_OK);
    assert_true(note_exists(store_reader(store), 2001));
    sem_destroy(&v.told);
}

/* S3: a failed job between two good ones leaves nothing; a good one is not undone. */
static void test_c_failed_job_leaves_nothing(void **state)
{
    struct note_job jobs[] = {note_job(3001, ST_OK), note_job(3002, ST_PAYMENT),
                              note_job(3003, ST_OK), note_job(3001, ST_OK), note_job(3004, ST_OK)};
    run_together(jobs, COUNT_OF(jobs));
    struct db *db = store_reader(store);
    assert_int_equal(jobs[0].told, ST_OK);
    assert_int_equal(jobs[1].told, ST_PAYMENT);
    assert_int_equal(jobs[3].told, ST_CONFLICT);
    assert_int_equal(jobs[4].told, ST_OK);
    assert_true(note_exists(db, 3001));
    assert_false(note_exists(db, 3002));
    assert_true(note_exists(db, 3003) && note_exists(db, 3004));
    for (size_t i = 0; i < COUNT_OF(jobs); i++)
        assert_int_equal(jobs[i].undone, 0);
}

/* A deferred foreign key is the fault of its own job, not of its companions. Its run had succeeded,
 * so it is undone. */
static void test_d_deferred_foreign_key(void **state)
{
    struct note_job jobs[] = {note_job(3101, ST_OK), note_job(3102, ST_OK), note_job(3103, ST_OK)};
    jobs[1].parent = 999999;
    jobs[2].parent = 3101;
    run_together(jobs, COUNT_OF(jobs));
    assert_int_equal(jobs[0].told, ST_OK);
    assert_int_equal(jobs[1].told, ST_CONFLICT);
    assert_int_equal(jobs[1].undone, 1);
    assert_int_equal(jobs[2].told, ST_OK);
    assert_false(note_exists(store_reader(store), 3102));
    assert_true(note_exists(store_reader(store), 3103));
}

static void assert_all_undone(const struct note_job *jobs, int count, status why)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(jobs[i].told, why);
        assert_int_equal(jobs[i].undone, count - i);
        assert_false(note_exists(store_reader(store), jobs[i].id));
    }
}

/* S3: the commit fails. The gate job of run_together failed by itself, so it is not undone. */
static void test_e_failed_commit_is_undone(void **state)
{
    struct note_job jobs[] = {note_job(4001, ST_OK), note_job(4002, ST_OK), note_job(4003, ST_OK)};
    losing_vfs_fail(LOSING_SYNC, 0, 1, SQLITE_IOERR_FSYNC);
    run_together(jobs, COUNT_OF(jobs));
    assert_all_undone(jobs, COUNT_OF(jobs), ST_STORAGE);
    struct note_job again[] = {note_job(4001, ST_OK)};
    run_together(again, 1);
    assert_int_equal(again[0].told, ST_OK);
    assert_true(note_exists(store_reader(store), 4001));
}

static void test_f_disk_full_at_commit(void **state)
{
    struct note_job jobs[] = {note_job(5001, ST_OK), note_job(5002, ST_OK)};
    losing_vfs_fail(LOSING_WRITE, 0, 1000, SQLITE_FULL);
    run_together(jobs, COUNT_OF(jobs));
    assert_all_undone(jobs, COUNT_OF(jobs), ST_STORAGE_FULL);
    losing_vfs_fail(LOSING_WRITE, 0, 0, 0);
    struct note_job again[] = {note_job(5001, ST_OK)};
    run_together(again, 1);
    assert_int_equal(again[0].told, ST_OK);
}

/* Every log write and sync of a batch fails in turn, until none is left to fail. */
static void test_g_every_operation_fails_once(void **state)
{
    enum { NEVER = 60 };
    unsigned failures = 0;
    for (unsigned kind = LOSING_WRITE; kind <= LOSING_SYNC; kind++) {
        for (unsigned nth = 0; nth < NEVER; nth++) {
            struct note_job jobs[] = {note_job(6000 + 2 * nth + 1000 * kind, ST_OK),
                                      note_job(6001 + 2 * nth + 1000 * kind, ST_OK)};
            losing_vfs_fail(kind, nth, 1,
                            kind == LOSING_WRITE ? SQLITE_IOERR_WRITE : SQLITE_IOERR_FSYNC);
            run_together(jobs, COUNT_OF(jobs));
            losing_vfs_fail(kind, 0, 0, 0);
            bool is_in = note_exists(store_reader(store), jobs[0].id);
            assert_int_equal(note_exists(store_reader(store), jobs[1].id), is_in);
            assert_int_equal(jobs[0].told, is_in ? ST_OK : ST_STORAGE);
            assert_int_equal(jobs[0].undone != 0, !is_in);
            failures += !is_in;
        }
    }
    assert_in_range(failures, 2, 2 * NEVER - 2);
}

static void test_h_answers_on_the_asking_loop(void **state)
{
    struct loop *loops[2] = {loop_new("one"), loop_new("two")};
    struct note_job jobs[40];
    for (int i = 0; i < 40; i++) {
        jobs[i] = note_job(9000 + i, ST_OK);
        jobs[i].job.reply_to = loops[i % 2];
    }
    loop_start(loops[0]);
    loop_start(loops[1]);
    run_together(jobs, 40);
    for (int i = 0; i < 2; i++) {
        loop_stop(loops[i]);
        loop_free(loops[i]);
    }
    for (int i = 0; i < 40; i++) {
        assert_ptr_equal(jobs[i].answered_on, loops[i % 2]);
        if (i >= 2)
            assert_true(jobs[i].done > jobs[i - 2].done);
    }
}

static void test_i_health(void **state)
{
    assert_true(store_is_healthy(store));
    assert_true(store_is_healthy(store)); /* within the same proof */
}

static void test_j_health_of_a_full_disk(void **state)
{
    char other[TEST_PATH_CAP];
    folder_make(NULL, other);
    struct store *s = store_at(other, LOSING_VFS);
    losing_vfs_fail(LOSING_WRITE, 0, 1000, SQLITE_FULL);
    assert_false(store_is_healthy(s));
    losing_vfs_fail(LOSING_WRITE, 0, 0, 0);
    store_close(s);
    folder_remove(other);
}

/* A real full disk: a small tmpfs, for which the test must be root. */
static status fill(struct db *db, void *ctx)
{
    static char word[65536];
    int64_t *id = ctx;
    memset(word, 'a' + (int)(*id % 26), sizeof word - 1);
    snprintf(word, 32, "%lld", (long long)*id);
    word[strlen(word)] = '-';
    return note_add(db, *id, word, 0);
}

static void test_k_full_tmpfs(void **state)
{
    char place[TEST_PATH_CAP];
    folder_make(NULL, place);
    if (mount("tmpfs", place, "tmpfs", 0, "size=2m") != 0) {
        fprintf(stderr, "SKIPPED: full_tmpfs: mounting needs root and CAP_SYS_ADMIN\n");
        folder_remove(place);
        skip();
    }
    struct store *s = store_at(place, NULL);
    notes_make(s);
    status st = ST_OK;
    int64_t id = 0;
    while (st == ST_OK && id < 1000) {
        id++;
        st = store_write(s, fill, &id);
    }
    assert_int_equal(st, ST_STORAGE_FULL);
    assert_true(id > 3);
    assert_int_equal(note_count(store_reader(s)), id - 1);
    store_close(s);
    s = store_at(place, NULL);
    assert_int_equal(note_count(store_reader(s)), id - 1);
    store_close(s);
    assert_int_equal(umount(place), 0);
    folder_remove(place);
}

/* P9 of the design, as a figure. Posted in waves, so that queue and memory stay small. */
static void test_l_speed_is_reported(void **state)
{
    enum { WAVES = 10, JOBS = 2000 };
    static struct note_job jobs[JOBS];
    int64_t start = clock_mono_us();
    for (int wave = 0; wave < WAVES; wave++) {
        for (int i = 0; i < JOBS; i++)
            jobs[i] = note_job(1000000 + wave * JOBS + i, ST_OK);
        run_together(jobs, JOBS);
    }
    int64_t took = clock_mono_us() - start;
    print_message("# %lld jobs/s of one insert with a unique text each\n",
                  (long long)WAVES * JOBS * 1000000 / (took != 0 ? took : 1));
    assert_int_equal(jobs[JOBS - 1].told, ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_group_commit_in_order),
        cmocka_unit_test(test_b_done_is_visible),
        cmocka_unit_test(test_c_failed_job_leaves_nothing),
        cmocka_unit_test(test_d_deferred_foreign_key),
        cmocka_unit_test(test_e_failed_commit_is_undone),
        cmocka_unit_test(test_f_disk_full_at_commit),
        cmocka_unit_test(test_g_every_operation_fails_once),
        cmocka_unit_test(test_h_answers_on_the_asking_loop),
        cmocka_unit_test(test_i_health),
        cmocka_unit_test(test_j_health_of_a_full_disk),
        cmocka_unit_test(test_k_full_tmpfs),
        cmocka_unit_test(test_l_speed_is_reported),
    };
    losing_vfs_register(false);
    return cmocka_run_group_tests_name("store writer", tests, set_up, tear_down);
}
