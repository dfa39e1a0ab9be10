/* POST /analytics/query: totals over the records by up to two dimensions, with filters, a time
 * range and a granularity. Source: API reference 1.8. Counts come as strings, money as numbers. */
#include "body.h"
#include "routes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_DIMENSIONS = 2, MAX_METRICS = 32, MAX_FILTERS = 20, MAX_ROWS = 10000, KEY_MAX = 4096 };

/* ---- what can be asked for ---- */

static int64_t one(const struct record *r)
{
    return 1;
}
static int64_t tokens_total(const struct record *r)
{
    return r->prompt_tokens + r->completion_tokens;
}
static int64_t tokens_prompt(const struct record *r)
{
    return r->prompt_tokens;
}
static int64_t tokens_completion(const struct record *r)
{
    return r->completion_tokens;
}
static int64_t tokens_reasoning(const struct record *r)
{
    return r->reasoning_tokens;
}
static int64_t tokens_cached(const struct record *r)
{
    return r->cached_tokens;
}
static int64_t byok_count(const struct record *r)
{
    return r->is_byok;
}
static int64_t usage(const struct record *r)
{
    return r->cost.v;
}
static int64_t byok_usage(const struct record *r)
{
    return r->upstream.v;
}

static const struct metric {
    const char *name;
    bool is_money;
    int64_t (*value)(const struct record *r);
} metrics[] = {
    {"request_count", false, one},
    {"tokens_total", false, tokens_total},
    {"tokens_prompt", false, tokens_prompt},
    {"tokens_completion", false, tokens_completion},
    {"reasoning_tokens", false, tokens_reasoning},
    {"cached_tokens", false, tokens_cached},
    {"byok_request_count", false, byok_count},
    {"total_usage", true, usage},
    {"credits_usage", true, usage},
    {"openrouter_usage", true, usage},
    {"byok_usage", true, byok_usage},
};

static const char *model_id(const struct record *r)
{
    return r->model->id;
}
static const char *key_id(const struct record *r)
{
    return r->key->hash;
}
static const char *key_label(const struct record *r)
{
    return r->key->name;
}
static const char *external_user(const struct record *r)
{
    return r->external_user;
}
static const char *generation_id(const struct record *r)
{
    return r->id;
}
static const char *provider(const struct record *r)
{
    return r->model->row->provider;
}
static const char *finish_reason(const struct record *r)
{
    return r->finish_reason;
}
static const char *origin(const struct record *r)
{
    return r->referer != NULL ? r->referer : "";
}

/* Filters compare ids; rows show labels. */
static const struct dimension {
    const char *name;
    const char *(*id)(const struct record *r);
    const char *(*label)(const struct record *r);
} dimensions[] = {
    {"model", model_id, model_id},
    {"api_key_id", key_id, key_label},
    {"external_user", external_user, external_user},
    {"user", external_user, external_user},
    {"generation_id", generation_id, generation_id},
    {"provider", provider, provider},
    {"finish_reason", finish_reason, finish_reason},
    {"origin", origin, origin},
};

static const struct granularity {
    const char *name;
    int64_t ms; /* 0: month */
} granularities[] = {
    {"minute", 60000},        {"hour", MS_PER_HOUR}, {"day", MS_PER_DAY},
    {"week", 7 * MS_PER_DAY}, {"month", 0},
};

/* ---- the query ---- */

struct filter {
    const struct dimension *dimension;
    bool is_negated;
    json_t *value; /* borrowed: a text or an array of texts */
};

struct query {
    const struct metric *metrics[MAX_METRICS];
    size_t metric_count;
    const struct dimension *dimensions[MAX_DIMENSIONS];
    size_t dimension_count;
    struct filter filters[MAX_FILTERS];
    size_t filter_count;
    const struct granularity *granularity; /* NULL: none */
    int64_t start_ms, end_ms;
    int64_t limit;
};

static bool fail(struct reply *out, const char *what, const char *name)
{
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 512);
    buf_addf(&text, "%s: %.100s", what, name != NULL ? name : "(not a text)");
    reply_error(out, 400, buf_z(&text), STR_NONE);
    return false;
}

static const struct dimension *dimension_named(const char *name)
{
    for (size_t i = 0; name != NULL && i < COUNT_OF(dimensions); i++)
        if (strcmp(dimensions[i].name, name) == 0)
            return &dimensions[i];
    return NULL;
}

static const struct metric *metric_named(const char *name)
{
    for (size_t i = 0; name != NULL && i < COUNT_OF(metrics); i++)
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    return NULL;
}

static bool read_metrics(json_t *list, struct query *q, struct reply *out)
{
    size_t i;
    json_t *name;
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > MAX_METRICS)
        return fail(out, "metrics", "must be a list of names");
    json_array_foreach(list, i, name)
    {
        const struct metric *m = metric_named(json_string_value(name));
        if (m == NULL)
            return fail(out, "unknown metric", json_string_value(name));
        q->metrics[q->metric_count++] = m;
    }
    return true;
}

static bool read_dimensions(json_t *list, struct query *q, struct reply *out)
{
    size_t i;
    json_t *name;
    if (json_array_size(list) > MAX_DIMENSIONS)
        return fail(out, "dimensions", "at most two");
    json_array_foreach(list, i, name)
    {
        const struct dimension *d = dimension_named(json_string_value(name));
        if (d == NULL)
            return fail(out, "unknown dimension", json_string_value(name));
        q->dimensions[q->dimension_count++] = d;
    }
    return true;
}

static bool read_filter(json_t *one_filter, struct filter *f, struct reply *out)
{
    const char *field = json_string_value(json_object_get(one_filter, "field"));
    const char *op = json_string_value(json_object_get(one_filter, "operator"));
    f->dimension = dimension_named(field);
    f->value = json_object_get(one_filter, "value");
    if (f->dimension == NULL)
        return fail(out, "unknown filter field", field);
    if (op == NULL || (strcmp(op, "eq") != 0 && strcmp(op, "neq") != 0 && strcmp(op, "in") != 0 &&
                       strcmp(op, "not_in") != 0))
        return fail(out, "unsupported operator", op);
    f->is_negated = op[0] == 'n';
    return true;
}

static bool read_filters(json_t *list, struct query *q, struct reply *out)
{
    size_t i;
    json_t *one_filter;
    if (json_array_size(list) > MAX_FILTERS)
        return fail(out, "filters", "too many");
    json_array_foreach(
        list, i,
        one_filter) if (!read_filter(one_filter, &q->filters[q->filter_count++], out)) return false;
    return true;
}

static bool read_time(json_t *body, struct query *q, struct reply *out)
{
    json_t *range = json_object_get(body, "time_range");
    const char *start = json_string_value(json_object_get(range, "start"));
    const char *end = json_string_value(json_object_get(range, "end"));
    const char *grain = json_string_value(json_object_get(body, "granularity"));
    q->end_ms = sim_now_ms() + 1;
    q->start_ms = q->end_ms - 7 * MS_PER_DAY;
    if (start != NULL && iso_to_ms(str_c(start), &q->start_ms) != ST_OK)
        return fail(out, "time_range.start", start);
    if (end != NULL && iso_to_ms(str_c(end), &q->end_ms) != ST_OK)
        return fail(out, "time_range.end", end);
    for (size_t i = 0; grain != NULL && i < COUNT_OF(granularities); i++)
        if (strcmp(granularities[i].name, grain) == 0)
            q->granularity = &granularities[i];
    return grain == NULL || q->granularity != NULL || fail(out, "granularity", grain);
}

static bool read_query(json_t *body, struct query *q, struct reply *out)
{
    json_t *limit = json_object_get(body, "limit");
    *q = (struct query){.limit = json_is_integer(limit) ? json_integer_value(limit) : 1000};
    if (body == NULL)
        return fail(out, "body", "is not a JSON object");
    if (q->limit < 1 || q->limit > MAX_ROWS)
        return fail(out, "limit", "must be 1 to 10000");
    return read_metrics(json_object_get(body, "metrics"), q, out) &&
           read_dimensions(json_object_get(body, "dimensions"), q, out) &&
           read_filters(json_object_get(body, "filters"), q, out) && read_time(body, q, out);
}

/* ---- adding up ---- */

struct row {
    const struct record *sample; /* labels come from here */
    int64_t bucket_ms;
    int64_t sums[MAX_METRICS];
};

struct table {
    struct hash by_key;
    struct row **rows;
    size_t count, cap;
    bool is_truncated;
};

static bool value_has(json_t *value, const char *text)
{
    size_t i;
    json_t *item;
    if (text == NULL)
        return false;
    if (json_is_string(value))
        return strcmp(json_string_value(value), text) == 0;
    json_array_foreach(value, i, item) if (json_is_string(item) &&
                                           strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

static bool is_wanted(const struct query *q, const struct record *r)
{
    if (r->created_ms < q->start_ms || r->created_ms >= q->end_ms || r->is_missing)
        return false;
    for (size_t i = 0; i < q->filter_count; i++) {
        const struct filter *f = &q->filters[i];
        if (value_has(f->value, f->dimension->id(r)) == f->is_negated)
            return false;
    }
    return true;
}

static int64_t bucket_of(const struct query *q, int64_t ms)
{
    if (q->granularity == NULL)
        return 0;
    if (q->granularity->ms == 0) {
        struct civil c = civil_from_ms(ms);
        return civil_to_ms((struct civil){.year = c.year, .month = c.month, .day = 1});
    }
    bool is_week = q->granularity->ms == 7 * MS_PER_DAY;
    int64_t shift = is_week ? 3 * MS_PER_DAY : 0; /* weeks begin on Monday */
    return (ms + shift) / q->granularity->ms * q->granularity->ms - shift;
}

static struct row *row_of(struct table *t, const struct query *q, const struct record *r)
{
    struct buf MAI_AUTO(buf_free) key;
    int64_t bucket = bucket_of(q, r->created_ms);
    buf_init(&key, KEY_MAX);
    buf_addf(&key, "%lld", (long long)bucket);
    for (size_t i = 0; i < q->dimension_count; i++) {
        const char *id = q->dimensions[i]->id(r);
        buf_add_char(&key, '\n');
        buf_add(&key, id != NULL ? str_c(id) : STR("\r"));
    }
    struct row *row = hash_get(&t->by_key, buf_view(&key));
    if (row != NULL)
        return row;
    if ((int64_t)t->count >= q->limit) {
        t->is_truncated = true;
        return NULL;
    }
    row = NEW(struct row);
    row->sample = r;
    row->bucket_ms = bucket;
    hash_set(&t->by_key, buf_view(&key), row);
    if (t->count == t->cap) {
        t->cap = t->cap != 0 ? t->cap * 2 : 64;
        t->rows = mem_resize(t->rows, t->cap * sizeof(struct row *));
    }
    return t->rows[t->count++] = row;
}

static void add_up(struct table *t, const struct query *q, const struct records *records)
{
    uint64_t at = 0;
    const struct record *r;
    while ((r = records_next(records, &at)) != NULL) {
        struct row *row = is_wanted(q, r) ? row_of(t, q, r) : NULL;
        for (size_t i = 0; row != NULL && i < q->metric_count; i++)
            row->sums[i] = money_add(PICO(row->sums[i]), PICO(q->metrics[i]->value(r))).v;
    }
}

static void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        mem_free(t->rows[i]);
    mem_free(t->rows);
    hash_free(&t->by_key);
}

/* ---- writing ---- */

static void write_bucket(struct jout *j, const struct query *q, int64_t bucket_ms)
{
    char name[32], text[ISO_TIME_CAP];
    if (q->granularity == NULL)
        return;
    snprintf(name, sizeof name, "date__%s", q->granularity->name);
    iso_from_ms(bucket_ms, text);
    if (q->granularity->ms == 0 || q->granularity->ms >= MS_PER_DAY)
        text[10] = '\0';
    jo_kz(j, name, text);
}

static void write_row(struct jout *j, const struct query *q, const struct row *row)
{
    jo_open(j, '{');
    write_bucket(j, q, row->bucket_ms);
    for (size_t i = 0; i < q->dimension_count; i++)
        jo_kz(j, q->dimensions[i]->name, q->dimensions[i]->label(row->sample));
    for (size_t i = 0; i < q->metric_count; i++) {
        char text[24];
        const struct metric *m = q->metrics[i];
        snprintf(text, sizeof text, "%lld", (long long)row->sums[i]);
        if (m->is_money)
            jo_kpico(j, m->name, PICO(row->sums[i]));
        else
            jo_kz(j, m->name, text);
    }
    jo_close(j, '}');
}

static void write_table(const struct query *q, const struct table *t, struct buf *out)
{
    struct jout j = jout(out);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '{');
    jo_kopen(&j, "data", '[');
    for (size_t i = 0; i < t->count; i++)
        write_row(&j, q, t->rows[i]);
    jo_close(&j, ']');
    jo_kopen(&j, "metadata", '{');
    jo_ki64(&j, "query_time_ms", 1);
    jo_ki64(&j, "row_count", (int64_t)t->count);
    jo_kbool(&j, "truncated", t->is_truncated);
    jo_close(&j, '}');
    jo_close(&j, '}');
    jo_close(&j, '}');
}

void analytics_query(const struct ask *a, struct reply *out)
{
    struct query q;
    struct table t = {0};
    json_t *body = body_parse(a->http->body);
    if (read_query(body, &q, out)) {
        add_up(&t, &q, &a->sim->records);
        write_table(&q, &t, &out->body);
    }
    table_free(&t);
    json_decref(body);
}

/* ---- the catalogue of all this ---- */

static void write_named(struct jout *j, const char *name, const char *further)
{
    jo_open(j, '{');
    jo_kz(j, "name", name);
    jo_kz(j, "display_label", name);
    if (further != NULL)
        jo_raw(j, str_c(further));
    jo_close(j, '}');
}

static void write_operators(struct jout *j)
{
    static const char *const rows[][2] = {
        {"eq", "scalar"}, {"neq", "scalar"}, {"in", "array"}, {"not_in", "array"}};
    jo_kopen(j, "operators", '[');
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        jo_open(j, '{');
        jo_kz(j, "name", rows[i][0]);
        jo_kz(j, "value_type", rows[i][1]);
        jo_close(j, '}');
    }
    jo_close(j, ']');
}

void analytics_meta(const struct ask *a, struct reply *out)
{
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '{');
    jo_kopen(&j, "metrics", '[');
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        write_named(&j, metrics[i].name,
                    metrics[i].is_money ? "\"display_format\":\"currency\",\"is_rate\":false"
                                        : "\"display_format\":\"number\",\"is_rate\":false");
    jo_close(&j, ']');
    jo_kopen(&j, "dimensions", '[');
    for (size_t i = 0; i < COUNT_OF(dimensions); i++)
        write_named(&j, dimensions[i].name, NULL);
    jo_close(&j, ']');
    jo_kopen(&j, "granularities", '[');
    for (size_t i = 0; i < COUNT_OF(granularities); i++)
        write_named(&j, granularities[i].name, NULL);
    jo_close(&j, ']');
    write_operators(&j);
    jo_close(&j, '}');
    jo_close(&j, '}');
}
