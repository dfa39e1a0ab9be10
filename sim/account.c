/* The account: credits, activity, one generation, models, providers. */
#include "routes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- credits ---- */

void credits_read(const struct ask *a, struct reply *out)
{
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '{');
    jo_kpico(&j, "total_credits", a->sim->total_credits);
    jo_kpico(&j, "total_usage", a->sim->records.total_usage);
    jo_close(&j, '}');
    jo_close(&j, '}');
}

/* ---- activity: completed UTC days only ---- */

enum { ACTIVITY_DAYS = 30 };

struct activity_wish {
    char key_hash[KEY_HASH_CAP];
    int64_t day; /* 0: all */
};

static void write_day(struct jout *j, const struct day_total *t)
{
    char date[ISO_TIME_CAP];
    iso_date_from_ms(t->day * MS_PER_DAY, date);
    jo_open(j, '{');
    jo_kz(j, "date", date);
    jo_kz(j, "model", t->model->id);
    jo_kz(j, "model_permaslug", t->model->row->canonical);
    jo_kz(j, "endpoint_id", "5a1f7a52-0000-4000-8000-000000000001");
    jo_kz(j, "provider_name", t->model->row->provider);
    jo_kpico(j, "usage", t->usage);
    jo_kpico(j, "byok_usage_inference", t->byok);
    jo_ki64(j, "requests", t->requests);
    jo_ki64(j, "prompt_tokens", t->prompt_tokens);
    jo_ki64(j, "completion_tokens", t->completion_tokens);
    jo_ki64(j, "reasoning_tokens", t->reasoning_tokens);
    jo_close(j, '}');
}

/* Rows of one day and model, keys added up. */
static void merge_day(struct day_total *sum, const struct day_total *t)
{
    sum->usage = money_add(sum->usage, t->usage);
    sum->byok = money_add(sum->byok, t->byok);
    sum->requests += t->requests;
    sum->prompt_tokens += t->prompt_tokens;
    sum->completion_tokens += t->completion_tokens;
    sum->reasoning_tokens += t->reasoning_tokens;
}

static int by_day_and_model(const void *a, const void *b)
{
    const struct day_total *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? 1 : -1; /* newest first */
    return strcmp(x->model->id, y->model->id);
}

static void write_activity(struct day_total *rows, size_t count, struct buf *out)
{
    struct jout j = jout(out);
    qsort(rows, count, sizeof *rows, by_day_and_model);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '[');
    for (size_t i = 0; i < count;) {
        struct day_total sum = rows[i];
        for (i++; i < count && rows[i].day == sum.day && rows[i].model == sum.model; i++)
            merge_day(&sum, &rows[i]);
        write_day(&j, &sum);
    }
    jo_close(&j, ']');
    jo_close(&j, '}');
}

static bool is_wanted(const struct day_total *t, const struct activity_wish *w, int64_t today)
{
    if (t->day >= today || t->day < today - ACTIVITY_DAYS)
        return false;
    return (w->day == 0 || t->day == w->day) &&
           (w->key_hash[0] == '\0' || strcmp(w->key_hash, t->key->hash) == 0);
}

static bool read_activity_wish(const struct ask *a, struct activity_wish *w, struct reply *out)
{
    char date[ISO_TIME_CAP];
    int64_t at, today = sim_now_ms() / MS_PER_DAY;
    *w = (struct activity_wish){0};
    (void)http_query(a->http, STR("api_key_hash"), w->key_hash, sizeof w->key_hash);
    if (!http_query(a->http, STR("date"), date, sizeof date))
        return true;
    w->day = iso_to_ms(str_c(date), &at) == ST_OK ? at / MS_PER_DAY : 0;
    if (strlen(date) == 10 && w->day < today && w->day >= today - ACTIVITY_DAYS)
        return true;
    reply_error(out, 400, "Date must be within the last 30 (completed) UTC days", STR_NONE);
    return false;
}

void activity_read(const struct ask *a, struct reply *out)
{
    struct activity_wish w;
    const struct records *r = &a->sim->records;
    int64_t today = sim_now_ms() / MS_PER_DAY;
    size_t count = 0;
    if (!read_activity_wish(a, &w, out))
        return;
    struct day_total *rows MAI_AUTO(mem_free_auto) =
        mem_alloc_array(r->day_count + 1, sizeof *rows);
    for (size_t i = 0; i < r->day_count; i++)
        if (is_wanted(r->day_list[i], &w, today))
            rows[count++] = *r->day_list[i];
    write_activity(rows, count, &out->body);
}

/* ---- one generation ---- */

static void no_generation(struct reply *out, const char *id)
{
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 512);
    buf_addf(&text, "Generation %.80s not found", id);
    reply_error(out, 404, buf_z(&text), STR_NONE);
}

void generation_read(const struct ask *a, struct reply *out)
{
    char id[RECORD_ID_CAP];
    if (!http_query(a->http, STR("id"), id, sizeof id) || id[0] == '\0') {
        reply_error(out, 400, "Missing required query parameter: id", STR_NONE);
        return;
    }
    struct key *key = route_key(a->sim, a->http);
    if (key == NULL || !key_is_usable(key)) {
        reply_error(out, 401, "User not found.", STR_NONE);
        return;
    }
    const struct record *rec = records_find(&a->sim->records, str_c(id));
    bool is_visible = rec != NULL && (key->is_management || rec->key == key);
    if (is_visible && record_is_readable(rec))
        record_write(rec, &out->body);
    else
        no_generation(out, id);
}

void generation_content(const struct ask *a, struct reply *out)
{
    reply_error(out, 404, "Input and output logging is not enabled", STR_NONE);
}

/* ---- models ---- */

void models_list(const struct ask *a, struct reply *out)
{
    models_write_list(&a->sim->models, a->http, "text", &out->body);
}

void models_list_user(const struct ask *a, struct reply *out)
{
    models_list(a, out);
}

void embeddings_models(const struct ask *a, struct reply *out)
{
    models_write_list(&a->sim->models, a->http, "embeddings", &out->body);
}

void models_count(const struct ask *a, struct reply *out)
{
    models_write_count(&a->sim->models, a->http, &out->body);
}

static const struct model *model_named(const struct ask *a, str id, struct reply *out)
{
    const struct model *m = models_find(&a->sim->models, id);
    if (m == NULL)
        reply_error(out, 404, "Model not found", STR_NONE);
    return m;
}

void model_read(const struct ask *a, struct reply *out)
{
    const struct model *m = model_named(a, a->rest, out);
    if (m == NULL)
        return;
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_key(&j, STR("data"));
    model_write(&j, m);
    jo_close(&j, '}');
}

void model_endpoints(const struct ask *a, struct reply *out)
{
    str id = a->rest;
    if (!str_ends(id, STR("/endpoints"))) {
        reply_error(out, 404, "Not Found", STR_NONE);
        return;
    }
    id.n -= strlen("/endpoints");
    const struct model *m = model_named(a, id, out);
    if (m != NULL)
        model_write_endpoints(m, &out->body);
}

void providers_list(const struct ask *a, struct reply *out)
{
    static const char *const rows[][2] = {
        {"Anthropic", "anthropic"}, {"OpenAI", "openai"},   {"Google", "google-vertex"},
        {"DeepSeek", "deepseek"},   {"Mistral", "mistral"}, {"SimProvider", "sim"},
    };
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '[');
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        jo_open(&j, '{');
        jo_kz(&j, "name", rows[i][0]);
        jo_kz(&j, "slug", rows[i][1]);
        jo_knull(&j, "privacy_policy_url");
        jo_knull(&j, "terms_of_service_url");
        jo_knull(&j, "status_page_url");
        jo_close(&j, '}');
    }
    jo_close(&j, ']');
    jo_close(&j, '}');
}

void empty_list(const struct ask *a, struct reply *out)
{
    buf_add(&out->body, STR("{\"data\":[],\"total_count\":0}"));
}
