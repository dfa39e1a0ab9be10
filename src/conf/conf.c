/* Loading the snapshot, checks between settings, help; see conf.h. Runs before threads start. */
#include "conf/conf.h"
#include "base/mem.h"
#include "conf/conf_table.h"

#include <stdlib.h>
#include <unistd.h>

enum { ARENA_MAX_BYTES = 512 * 1024, MAX_VALUE_BYTES = 8192, MAX_DEFAULT_LOOPS = 4 };

const char *conf_lookup_environment(void *ctx, const char *name)
{
    return getenv(name);
}

static status load_row(struct conf *c, const struct conf_row *row, str value, struct err *e)
{
    if (value.n > MAX_VALUE_BYTES)
        return err_set(e, ST_UNPROCESSABLE, "%s: the value is too long", row->name);
    if (value.n != 0)
        return conf_set(c, row, value, e);
    if (row->fallback != NULL)
        return conf_set(c, row, str_c(row->fallback), e);
    return ST_OK;
}

static status check_pair(str a, const char *a_name, str b, const char *b_name, struct err *e)
{
    if ((a.n == 0) == (b.n == 0))
        return ST_OK;
    bool is_a_missing = a.n == 0;
    return err_set(e, ST_UNPROCESSABLE, "%s: must be given together with %s",
                   is_a_missing ? a_name : b_name, is_a_missing ? b_name : a_name);
}

static status check_together(const struct conf *c, struct err *e)
{
    const struct {
        str a;
        const char *a_name;
        str b;
        const char *b_name;
    } pairs[] = {
        {c->tls_certificate_file, "TLS_CERTIFICATE_FILE", c->tls_key_file, "TLS_KEY_FILE"},
        {c->admin_email, "WEBUI_ADMIN_EMAIL", c->admin_password, "WEBUI_ADMIN_PASSWORD"},
        {c->provider_email, "MAI_PROVIDER_EMAIL", c->provider_password, "MAI_PROVIDER_PASSWORD"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        status st = check_pair(pairs[i].a, pairs[i].a_name, pairs[i].b, pairs[i].b_name, e);
        if (st != ST_OK)
            return st;
    }
    if (c->max_bodies_bytes < c->max_body_bytes)
        return err_set(e, ST_UNPROCESSABLE,
                       "MAI_MAX_BODIES_MB: must be at least MAI_MAX_BODY_MB (%d)",
                       (int)(c->max_body_bytes / 1024 / 1024));
    return ST_OK;
}

static void compute_defaults(struct conf *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (c->loops == 0)
        c->loops = cores < 1 ? 1 : cores > MAX_DEFAULT_LOOPS ? MAX_DEFAULT_LOOPS : cores;
}

static status load_rows(struct conf *c, conf_lookup *lookup, void *ctx, struct err *e)
{
    for (size_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];
        status st = load_row(c, row, str_c(lookup(ctx, row->name)), e);
        if (st != ST_OK)
            return st;
    }
    compute_defaults(c);
    return check_together(c, e);
}

status conf_load(conf_lookup *lookup, void *ctx, struct conf **out, struct err *e)
{
    struct conf *c = NEW(struct conf);
    c->arena = NEW(struct arena);
    arena_init(c->arena, ARENA_MAX_BYTES);
    status st = load_rows(c, lookup, ctx, e);
    if (st != ST_OK) {
        conf_free(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

/* Text fields point into the snapshot's own arena, which conf_load filled: the cast takes no
 * constness from foreign bytes. */
static void wipe(str secret)
{
    if (secret.n != 0)
        explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
}

void conf_free(struct conf *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < conf_row_count; i++)
        if (conf_rows[i].type == CONF_SECRET)
            wipe(*(str *)((char *)c + conf_rows[i].offset));
    arena_free(c->arena);
    mem_free(c->arena);
    mem_free(c);
}

static void print_default(const struct conf_row *row, struct buf *out)
{
    const char *text = row->shown_default != NULL ? row->shown_default : row->fallback;
    if (text != NULL)
        buf_addf(out, " [%s]", text);
}

void conf_print_help(struct buf *out)
{
    buf_add(out, STR("Environment (an empty variable counts as not set):\n"));
    for (size_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];
        buf_addf(out, "  %-32s %s", row->name, row->help);
        print_default(row, out);
        if (row->type != CONF_IGNORED) {
            buf_addf(out, "\n  %-32s   ", "");
            conf_allowed(row, out);
        }
        buf_add_char(out, '\n');
    }
}
