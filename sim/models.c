/* Catalogue; see models.h. Shapes: API reference section 4. */
#include "models.h"
#include "money.h"
#include "script.h"
#include "text.h"
#include "base/mem.h"

#include <stdio.h>

/* Every scripted model has the same price, so that a test can compute costs in its head. */
static const struct model_row scripted_row = {
    .provider = "SimProvider",
    .description = "A scripted model of the simulator.",
    .created = 1790000000,
    .context = 128000,
    .max_completion = 32768,
    .prompt = "0.000001",
    .completion = "0.000002",
    .cache_read = "0.0000001",
    .inputs = "[\"text\",\"image\"]",
};

static pico price(const char *text)
{
    pico v = PICO(0);
    if (text != NULL)
        CHECK(pico_parse(str_c(text), &v) == ST_OK);
    return v;
}

static pico discounted(pico v, int64_t percent)
{
    CHECK(v.v < 0 || v.v * (100 - percent) % 100 == 0); /* rows are chosen to stay exact */
    return PICO(v.v * (100 - percent) / 100);
}

static void model_fill(struct model *m, const struct model_row *row)
{
    int64_t off = row->discount_percent;
    m->row = row;
    m->price = (struct model_price){
        .prompt = discounted(price(row->prompt), off),
        .completion = discounted(price(row->completion), off),
        .request = price(row->request),
        .image = price(row->image),
        .cache_read =
            discounted(price(row->cache_read != NULL ? row->cache_read : row->prompt), off),
        .is_router = row->is_router,
        .long_from = row->long_from,
        .long_prompt = price(row->long_prompt),
        .long_completion = price(row->long_completion),
        .discount_percent = off,
    };
    m->is_free = m->price.prompt.v == 0 && m->price.completion.v == 0;
    m->is_embedding = row->outputs != NULL && strcmp(row->outputs, "embeddings") == 0;
}

static const struct model_row *scripted_row_new(const char *id)
{
    struct model_row *row = NEW(struct model_row);
    *row = scripted_row;
    row->id = row->canonical = id;
    struct buf MAI_AUTO(buf_free) name;
    buf_init(&name, 256);
    buf_addf(&name, "Simulator: %s", id + strlen("sim/"));
    row->name = text_keep(buf_view(&name));
    return row;
}

static struct model *scripted_new(str id)
{
    struct model *m = NEW(struct model);
    m->id = text_keep(id);
    model_fill(m, scripted_row_new(m->id));
    return m;
}

/* "sim/stream-cut-#" is listed as "sim/stream-cut-3", "sim/error-#" as "sim/error-429". */
static const char *example_of(const char *pattern)
{
    char id[64];
    str p = str_c(pattern);
    size_t at = str_find_char(p, '#');
    if (at == p.n)
        return pattern;
    const char *number = str_eq(p, STR("sim/error-#")) ? "429" : "3";
    snprintf(id, sizeof id, "%.*s%s", (int)at, pattern, number);
    return text_keep(str_c(id));
}

void models_init(struct models *m, bool hides_scripted)
{
    *m = (struct models){.hides_scripted = hides_scripted};
    m->list = mem_alloc_array(model_row_count + script_preset_count, sizeof(struct model));
    for (size_t i = 0; i < model_row_count; i++) {
        struct model *one = &m->list[m->count++];
        one->id = model_rows[i].id;
        model_fill(one, &model_rows[i]);
        hash_set(&m->by_id, str_c(one->id), one);
        if (hash_get(&m->by_id, str_c(model_rows[i].canonical)) == NULL)
            hash_set(&m->by_id, str_c(model_rows[i].canonical), one);
    }
    for (size_t i = 0; i < script_preset_count; i++) {
        struct model *one = &m->list[m->count++];
        one->id = example_of(script_presets[i].model);
        model_fill(one, scripted_row_new(one->id));
        hash_set(&m->by_id, str_c(one->id), one);
    }
}

const struct model *models_find(struct models *m, str id)
{
    struct model *found = hash_get(&m->by_id, id);
    if (found != NULL || !str_starts(id, STR("sim/")) || !script_preset_exists(id))
        return found;
    found = scripted_new(id);
    hash_set(&m->by_id, id, found);
    return found;
}

const struct model *models_routed(struct models *m, const struct model *model)
{
    return model->price.is_router ? models_find(m, STR("openai/gpt-4o-mini")) : model;
}

/* ---- writing ---- */

static void write_price(struct jout *j, const char *key, const char *text)
{
    if (text != NULL)
        jo_kz(j, key, text);
}

static void write_pricing(struct jout *j, const struct model_row *row)
{
    jo_kopen(j, "pricing", '{');
    jo_kz(j, "prompt", row->prompt);
    jo_kz(j, "completion", row->completion);
    write_price(j, "request", row->request);
    write_price(j, "image", row->image);
    write_price(j, "input_cache_read", row->cache_read);
    if (row->is_reasoning)
        write_price(j, "internal_reasoning", row->completion);
    if (row->discount_percent != 0) {
        char text[16];
        snprintf(text, sizeof text, "0.%02d", (int)row->discount_percent);
        jo_kraw(j, "discount", str_c(text));
    }
    if (row->long_from != 0) {
        jo_kopen(j, "overrides", '[');
        jo_open(j, '{');
        jo_ki64(j, "min_prompt_tokens", row->long_from);
        jo_kz(j, "prompt", row->long_prompt);
        jo_kz(j, "completion", row->long_completion);
        jo_close(j, '}');
        jo_close(j, ']');
    }
    jo_close(j, '}');
}

static void write_architecture(struct jout *j, const struct model_row *row)
{
    const char *out = row->outputs != NULL ? row->outputs : "text";
    char modality[64];
    snprintf(modality, sizeof modality, "%s->%s",
             strstr(row->inputs, "image") != NULL ? "text+image" : "text", out);
    jo_kopen(j, "architecture", '{');
    jo_kz(j, "modality", modality);
    jo_kraw(j, "input_modalities", str_c(row->inputs));
    jo_kopen(j, "output_modalities", '[');
    jo_str(j, str_c(out));
    jo_close(j, ']');
    jo_kz(j, "tokenizer", "Other");
    jo_knull(j, "instruct_type");
    jo_close(j, '}');
}

static void write_int_or_null(struct jout *j, const char *key, int64_t v)
{
    if (v != 0)
        jo_ki64(j, key, v);
    else
        jo_knull(j, key);
}

static void write_limits(struct jout *j, const struct model_row *row)
{
    jo_kopen(j, "top_provider", '{');
    jo_ki64(j, "context_length", row->context);
    write_int_or_null(j, "max_completion_tokens", row->max_completion);
    jo_kbool(j, "is_moderated", false);
    jo_close(j, '}');
    jo_knull(j, "per_request_limits");
}

static void write_parameters(struct jout *j, const struct model *m)
{
    jo_kraw(j, "supported_parameters",
            m->is_embedding ? STR("[]")
            : m->row->is_reasoning
                ? STR("[\"include_reasoning\",\"max_tokens\",\"reasoning\",\"response_format\","
                      "\"seed\",\"stop\",\"temperature\",\"tool_choice\",\"tools\",\"top_p\"]")
                : STR("[\"max_tokens\",\"response_format\",\"seed\",\"stop\",\"temperature\","
                      "\"tool_choice\",\"tools\",\"top_p\"]"));
    jo_knull(j, "default_parameters");
    jo_knull(j, "supported_voices");
}

void model_write(struct jout *j, const struct model *m)
{
    const struct model_row *row = m->row;
    char details[160];
    snprintf(details, sizeof details, "/api/v1/models/%s/endpoints", row->canonical);
    jo_open(j, '{');
    jo_kz(j, "id", m->id);
    jo_kz(j, "canonical_slug", row->canonical);
    jo_knull(j, "hugging_face_id");
    jo_kz(j, "name", row->name);
    jo_ki64(j, "created", row->created);
    jo_kz(j, "description", row->description);
    jo_ki64(j, "context_length", row->context);
    write_architecture(j, row);
    write_pricing(j, row);
    write_limits(j, row);
    write_parameters(j, m);
    jo_knull(j, "knowledge_cutoff");
    jo_knull(j, "expiration_date");
    jo_kopen(j, "links", '{');
    jo_kz(j, "details", details);
    jo_close(j, '}');
    jo_close(j, '}');
}

/* Which models a list request means. */
struct list_filter {
    const char *outputs;
    char wanted[64], q[64];
    int64_t offset, limit;
};

static struct list_filter filter_of(const struct http_request *r, const char *outputs)
{
    struct list_filter f = {.outputs = outputs, .limit = INT64_MAX};
    char number[24];
    bool is_paged = false;
    if (http_query(r, STR("output_modalities"), f.wanted, sizeof f.wanted) && f.wanted[0] != '\0')
        f.outputs = f.wanted;
    (void)http_query(r, STR("q"), f.q, sizeof f.q);
    if (http_query(r, STR("offset"), number, sizeof number)) {
        is_paged = str_to_i64(str_c(number), &f.offset) == ST_OK && f.offset >= 0;
        f.limit = is_paged ? 500 : INT64_MAX;
    }
    if (http_query(r, STR("limit"), number, sizeof number) &&
        (str_to_i64(str_c(number), &f.limit) != ST_OK || f.limit < 1 || f.limit > 1000))
        f.limit = 500;
    return f;
}

static bool is_listed(const struct models *m, const struct model *model,
                      const struct list_filter *f)
{
    const char *out = model->row->outputs != NULL ? model->row->outputs : "text";
    if (m->hides_scripted && strncmp(model->id, "sim/", 4) == 0)
        return false;
    if (strcmp(f->outputs, "all") != 0 && strstr(f->outputs, out) == NULL)
        return false;
    return f->q[0] == '\0' || strcasestr(model->row->name, f->q) != NULL ||
           strcasestr(model->id, f->q) != NULL;
}

/* Where the next page is, as an address. */
static void write_next(struct jout *j, const struct list_filter *f, int64_t total)
{
    char next[96];
    bool has_more = f->limit < total && f->offset + f->limit < total;
    snprintf(next, sizeof next, "/api/v1/models?offset=%lld&limit=%lld",
             (long long)(has_more ? f->offset + f->limit : 0), (long long)f->limit);
    jo_kopen(j, "links", '{');
    jo_kz(j, "next", has_more ? next : NULL);
    jo_close(j, '}');
}

void models_write_list(const struct models *m, const struct http_request *r, const char *outputs,
                       struct buf *out)
{
    struct list_filter f = filter_of(r, outputs);
    struct jout j = jout(out);
    int64_t total = 0;
    jo_open(&j, '{');
    jo_kopen(&j, "data", '[');
    for (size_t i = 0; i < m->count; i++) {
        if (!is_listed(m, &m->list[i], &f))
            continue;
        if (total >= f.offset && total - f.offset < f.limit)
            model_write(&j, &m->list[i]);
        total++;
    }
    jo_close(&j, ']');
    jo_ki64(&j, "total_count", total);
    write_next(&j, &f, total);
    jo_close(&j, '}');
}

void models_write_count(const struct models *m, const struct http_request *r, struct buf *out)
{
    struct list_filter f = filter_of(r, "text");
    int64_t total = 0;
    for (size_t i = 0; i < m->count; i++)
        total += is_listed(m, &m->list[i], &f);
    buf_addf(out, "{\"data\":{\"count\":%lld}}", (long long)total);
}

static void write_endpoint(struct jout *j, const struct model *m)
{
    const struct model_row *row = m->row;
    char name[160];
    snprintf(name, sizeof name, "%s | %s", row->provider, m->id);
    jo_open(j, '{');
    jo_kz(j, "name", name);
    jo_kz(j, "model_id", m->id);
    jo_kz(j, "model_name", row->name);
    jo_kz(j, "provider_name", row->provider);
    jo_kz(j, "tag", "default");
    jo_ki64(j, "context_length", row->context);
    write_int_or_null(j, "max_completion_tokens", row->max_completion);
    jo_knull(j, "max_prompt_tokens");
    write_pricing(j, row);
    jo_knull(j, "quantization");
    jo_ki64(j, "status", 0);
    jo_kraw(j, "supported_parameters", STR("[\"max_tokens\",\"temperature\"]"));
    jo_kbool(j, "supports_implicit_caching", row->cache_read != NULL);
    jo_ki64(j, "uptime_last_5m", 100);
    jo_ki64(j, "uptime_last_30m", 100);
    jo_ki64(j, "uptime_last_1d", 100);
    jo_knull(j, "latency_last_30m");
    jo_knull(j, "throughput_last_30m");
    jo_close(j, '}');
}

void model_write_endpoints(const struct model *m, struct buf *out)
{
    struct jout j = jout(out);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '{');
    jo_kz(&j, "id", m->id);
    jo_kz(&j, "name", m->row->name);
    jo_ki64(&j, "created", m->row->created);
    jo_kz(&j, "description", m->row->description);
    write_architecture(&j, m->row);
    jo_kopen(&j, "endpoints", '[');
    write_endpoint(&j, m);
    jo_close(&j, ']');
    jo_close(&j, '}');
    jo_close(&j, '}');
}
