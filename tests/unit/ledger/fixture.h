/* What the ledger's tests share: a real database in a temporary folder, driven on this thread, so that a test decides
 * what is committed, what is lost and when the process "dies"; organizations and people; the invariants. */
#ifndef MAI_TEST_LEDGER_FIXTURE_H
#define MAI_TEST_LEDGER_FIXTURE_H

#include "../testing.h"

#include "ledger/books.h"
#include "ledger/verify.h"
#include "store/driver.h"

struct books {
    struct place place;
    struct db *db;           /* the writing connection, inside a transaction */
    struct db *reader;       /* as pages have it */
    struct budgets *budgets;
};

void books_open(struct books *t);             /* empty, one transaction open */
void books_close(struct books *t);            /* and removes the folder */
void books_commit(struct books *t);           /* and opens the next transaction */
struct db *books_read(struct books *t);       /* commits; the reading connection */
void books_lose(struct books *t);             /* rolls back: the caller undoes what is in memory */
void books_crash(struct books *t);            /* nothing uncommitted survives; opened again, budgets loaded */

void add_organization(struct books *t, const char *id, const char *zone, int64_t limit_pico); /* -1: none */
void set_organization(struct books *t, const char *id, const char *zone, int64_t limit_pico);
void add_user(struct books *t, const char *id, const char *organization_id);
void delete_user(struct books *t, const char *id);

struct scope scope_of(const char *organization_id, const char *user_id, enum role role);

/* A call of 1 USD reserved, markup 1.3, model m/one, key k1. */
struct generation_open call_of(const char *id, const char *organization_id, const char *user_id, int64_t now_ms);
/* Its end: 10 + 5 tokens and this cost. */
struct generation_result end_of(const char *id, int64_t cost_pico, int64_t now_ms);

/* Fails the test unless it is ST_OK. */
void must_begin(struct books *t, const struct generation_open *g);
struct generation_settled must_settle(struct books *t, const struct generation_result *r);
/* A whole call of that cost at that instant. */
void add_call(struct books *t, const char *organization_id, const char *user_id, const char *model, int64_t at_ms,
              int64_t cost_pico);

int64_t count_of(struct books *t, const struct sql *q); /* a statement that gives one number */
int64_t at(const char *iso);                            /* milliseconds of "2026-11-23T10:00:00Z" */

/* L4: rollups are the sum of the rows; gives the rows that count. */
int64_t check_rollups(struct books *t);
/* L5: what memory says of this organization's month is what the rows say. */
void check_budget(struct books *t, const char *organization_id, int64_t now_ms);

#endif
