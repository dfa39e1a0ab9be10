/* demo-seed DATA_DIR DAYS ORGANIZATION:KEY_HASH ...
 *
 * Writes DAYS days of usage, up to the start of today, and (unless DAYS begins with "+") some
 * conversations, for organizations that exist and have people. No server may run on the folder.
 * Prints what it wrote; exit 1 with a sentence when it could not. One thread besides the store's
 * writer. */
#include "demo.h"

#include <stdio.h>

enum { DAYS_MOST = 400, COMPANIES_MOST = 8 };

struct demo {
    struct store *store;
    struct arena arena;
    struct chance chance;
    struct budgets *budgets;
    int64_t now_ms, days;
    bool wants_chats;
    struct company companies[COMPANIES_MOST];
    size_t company_count;
};

static int fail(status st, const struct err *e)
{
    fprintf(stderr, "demo-seed: %s\n", err_text(e, st));
    return 1;
}

static bool can_call(const struct user *u)
{
    return (u->role == ROLE_ADMIN || u->role == ROLE_USER) && !u->is_disabled;
}

static status people_read(struct demo *d, struct company *c, struct err *e)
{
    struct user *all;
    size_t count;
    status st = user_host_list(store_reader(d->store), provider_scope_host(), c->organization.id,
                               &d->arena, &all, &count, e);
    if (st != ST_OK)
        return st;
    struct user *people = ARENA_ARRAY(&d->arena, struct user, count + 1);
    if (people == NULL)
        return err_set(e, ST_TOO_BIG, "too many people");
    for (size_t i = 0; i < count; i++)
        if (can_call(&all[i]))
            people[c->people_count++] = all[i];
    c->people = people;
    return ST_OK;
}

/* "ID:HASH" */
static status company_read(struct demo *d, str words, struct err *e)
{
    struct company *c = &d->companies[d->company_count];
    struct client client;
    size_t colon = str_find_char(words, ':');
    if (colon == words.n)
        return err_set(e, ST_BAD_REQUEST, "not ORGANIZATION:KEY_HASH: %.*s", STR_ARG(words));
    status st = client_read(store_reader(d->store), provider_scope_host(), str_sub(words, 0, colon),
                            &d->arena, &client, e);
    if (st != ST_OK)
        return st;
    *c = (struct company){.organization = client.organization,
                          .key_hash = str_from(words, colon + 1),
                          .index = d->company_count};
    st = zone_find(client.organization.timezone, &c->zone);
    if (st == ST_OK)
        st = people_read(d, c, e);
    if (st == ST_OK)
        d->company_count++;
    return st;
}

static status days_seed(struct demo *d, struct company *c, int64_t *calls_out, struct err *e)
{
    int64_t today_ms = zone_day_start_ms(c->zone, d->now_ms);
    for (int64_t ago = d->days; ago >= 1; ago--) {
        /* A day may have 23 or 25 hours: noon is always inside. */
        int64_t start_ms = zone_day_start_ms(c->zone, today_ms + MS_PER_DAY / 2 - ago * MS_PER_DAY);
        struct day_job j = {.company = c,
                            .budgets = &d->budgets,
                            .chance = &d->chance,
                            .day_start_ms = start_ms,
                            .until_ms = today_ms,
                            .days_ago = (int)ago};
        status st = store_write(d->store, day_write, &j);
        if (st != ST_OK)
            return err_set(e, st, "usage of %lld days ago: %s", (long long)ago, err_text(&j.e, st));
        *calls_out += j.calls;
    }
    return ST_OK;
}

static status company_seed(struct demo *d, struct company *c, int64_t *calls_out,
                           int64_t *chats_out, struct err *e)
{
    status st = days_seed(d, c, calls_out, e);
    if (st != ST_OK || !d->wants_chats)
        return st;
    struct chats_job j = {.company = c, .chance = &d->chance, .now_ms = d->now_ms};
    st = store_write(d->store, chats_write, &j);
    *chats_out += j.chats;
    return st == ST_OK ? ST_OK : err_set(e, st, "conversations: %s", err_text(&j.e, st));
}

static status seed(struct demo *d, char **words, size_t count, struct err *e)
{
    int64_t calls = 0, chats = 0;
    status st = ST_OK;
    if (count > COMPANIES_MOST)
        return err_set(e, ST_BAD_REQUEST, "at most %d organizations", COMPANIES_MOST);
    for (size_t i = 0; i < count && st == ST_OK; i++)
        st = company_read(d, str_c(words[i]), e);
    for (size_t i = 0; i < d->company_count && st == ST_OK; i++)
        st = company_seed(d, &d->companies[i], &calls, &chats, e);
    if (st == ST_OK)
        printf("%lld calls, %lld conversations\n", (long long)calls, (long long)chats);
    return st;
}

static status demo_open(struct demo *d, const char *folder, str days, struct err *e)
{
    struct store_conf conf = {.data_dir = str_c(folder)};
    *d = (struct demo){.chance = {UINT64_C(0x6d41492064656d6f)},
                       .now_ms = clock_now_ms(),
                       .wants_chats = !str_starts(days, STR("+"))};
    if (str_to_i64(d->wants_chats ? days : str_from(days, 1), &d->days) != ST_OK || d->days < 0 ||
        d->days > DAYS_MOST)
        return err_set(e, ST_BAD_REQUEST, "days are a number from 0 to %d", DAYS_MOST);
    arena_init(&d->arena, 64 << 20);
    return store_open(&conf, &d->store, e);
}

int main(int argc, char **argv)
{
    struct demo d;
    struct err e = {0};
    if (argc < 4) {
        fprintf(stderr, "usage: demo-seed DATA_DIR DAYS ORGANIZATION:KEY_HASH ...\n");
        return 2;
    }
    status st = demo_open(&d, argv[1], str_c(argv[2]), &e);
    if (st != ST_OK)
        return fail(st, &e);
    st = seed(&d, argv + 3, (size_t)argc - 3, &e);
    store_close(d.store);
    budgets_free(d.budgets);
    arena_free(&d.arena);
    return st == ST_OK ? 0 : fail(st, &e);
}
