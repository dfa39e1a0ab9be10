/* S2 and S3 under a power cut: a child process writes through the losing file layer and is killed
 * at one of its write operations, with none, half or all of the unsynced sectors on the disk. The
 * parent then opens what is left: every job that was told "done" is there, every other one is there
 * whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "losing_vfs.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 60, ROWS_PER_JOB = 3, FAILS_EVERY = 7, CUTS = 90 };

struct pair_job {
    struct write_job job;
    int64_t number;
};

static int acks; /* the child's end of the pipe */
static sem_t answered;

static int64_t row_id(int64_t number, int row)
{
    return number * 10 + row;
}

static status run_rows(struct write_job *j, struct db *db)
{
    int64_t number = CONTAINER_OF(j, struct pair_job, job)->number;
    for (int row = 0; row < ROWS_PER_JOB; row++) {
        char word[32];
        snprintf(word, sizeof word, "%lld", (long long)row_id(number, row));
        status st = note_add(db, row_id(number, row), word, 0);
        if (st != ST_OK)
            return st;
    }
    return number % FAILS_EVERY == 0 ? ST_PAYMENT : ST_OK;
}

static void tell_parent(struct write_job *j, status st)
{
    int64_t number = CONTAINER_OF(j, struct pair_job, job)->number;
    if (st == ST_OK && write(acks, &number, sizeof number) != sizeof number)
        _exit(3);
    sem_post(&answered);
}

/* In waves, so that commits of many sizes and some checkpoints happen. No cmocka here: a child must
 * not jump. */
NORETURN static void child(const char *folder, uint64_t cut, unsigned keep_percent)
{
    static struct pair_job jobs[JOBS];
    struct store *s = NULL;
    losing_vfs_register(false);
    losing_vfs_crash_at(cut, keep_percent, cut);
    sem_init(&answered, 0, 0);
    struct store_conf conf = {.data_dir = str_c(folder), .vfs = STR(LOSING_VFS)};
    if (store_open(&conf, &s, NULL) != ST_OK)
        _exit(2);
    notes_make(s);
    for (int next = 0, wave = 1; next < JOBS; wave = wave % 9 + 1) {
        int sent = 0;
        for (; sent < wave && next < JOBS; sent++, next++) {
            jobs[next] = (struct pair_job){.job = {.run = run_rows, .done = tell_parent},
                                           .number = next + 1};
            store_post(s, &jobs[next].job);
        }
        while (sent-- > 0)
            while (sem_wait(&answered) != 0)
                ;
    }
    store_close(s);
    int64_t total = -(int64_t)losing_vfs_operations();
    if (write(acks, &total, sizeof total) != sizeof total)
        _exit(3);
    _exit(0);
}

struct outcome {
    bool is_acked[JOBS + 1];
    int acked;
    uint64_t operations; /* of a run that came to its end; else 0 */
};

static struct outcome run_child(const char *folder, uint64_t cut, unsigned keep_percent)
{
    struct outcome o = {0};
    int ends[2], how;
    int64_t number;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        acks = ends[1];
        child(folder, cut, keep_percent);
    }
    close(ends[1]);
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        if (number < 0)
            o.operations = (uint64_t)-number;
        else
            o.is_acked[number] = true;
        o.acked += number > 0;
    }
    close(ends[0]);
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how) ? WTERMSIG(how) == SIGKILL : WEXITSTATUS(how) == 0);
    return o;
}

static bool has_notes(struct db *db)
{
    static const struct sql q = {"has_notes",
                                 "SELECT count(*) FROM sqlite_schema WHERE name = 'notes'"};
    struct db_rows rows;
    assert_int_equal(db_query(db, &q, DB_NO_ARGS, &rows), ST_OK);
    assert_true(db_next(&rows));
    bool is_there = db_int(&rows, 0) == 1;
    assert_int_equal(db_end(&rows), ST_OK);
    return is_there;
}

static void assert_sound(struct db *db)
{
    static const struct sql q = {"sound", "SELECT integrity_check FROM pragma_integrity_check"};
    struct db_rows rows;
    assert_int_equal(db_query(db, &q, DB_NO_ARGS, &rows), ST_OK);
    assert_true(db_next(&rows));
    assert_true(str_eq(db_text(&rows, 0), STR("ok")));
    assert_int_equal(db_end(&rows), ST_OK);
}

static void assert_books(struct db *db, const struct outcome *o)
{
    for (int64_t number = 1; number <= JOBS; number++) {
        int there = 0;
        for (int row = 0; row < ROWS_PER_JOB; row++)
            there += note_exists(db, row_id(number, row));
        if (o->is_acked[number])
            assert_int_equal(there, ROWS_PER_JOB);
        if (number % FAILS_EVERY == 0)
            assert_int_equal(there, 0);
        assert_true(there == 0 || there == ROWS_PER_JOB);
    }
}

static int cut_once(uint64_t cut, unsigned keep_percent)
{
    char folder[TEST_PATH_CAP];
    folder_make(NULL, folder);
    struct outcome o = run_child(folder, cut, keep_percent);
    struct store *s = store_at(folder, NULL);
    struct db *db = store_reader(s);
    assert_sound(db);
    if (has_notes(db))
        assert_books(db, &o);
    else
        assert_int_equal(o.acked, 0);
    store_close(s);
    folder_remove(folder);
    return o.acked;
}

static uint64_t whole_run(void)
{
    char folder[TEST_PATH_CAP];
    folder_make(NULL, folder);
    struct outcome o = run_child(folder, 0, 0);
    assert_int_equal(o.acked, JOBS - JOBS / FAILS_EVERY);
    assert_true(o.operations > CUTS);
    folder_remove(folder);
    return o.operations;
}

static void test_cuts(void **state)
{
    static const unsigned keep[] = {0, 50, 100};
    uint64_t operations = whole_run();
    int partly = 0;
    for (uint64_t i = 0; i < CUTS; i++) {
        int acked = cut_once(1 + i * (operations - 1) / (CUTS - 1), keep[i % COUNT_OF(keep)]);
        partly += acked > 0 && acked < JOBS - JOBS / FAILS_EVERY;
    }
    assert_true(partly > 10); /* the cuts did fall among the jobs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cuts)};
    return cmocka_run_group_tests_name("store power cut", tests, NULL, NULL);
}
