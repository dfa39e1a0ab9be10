/* The model list with billed prices: what a person would pay, never what the provider pays. */
#include "api/handlers.h"
#include "base/clock.h"
#include "gateway/catalog.h"

static void write_price(struct api_call *c, const char *key, const struct model *m, pico raw)
{
    char text[PICO_TEXT_CAP];
    pico billed;
    bool is_known = m->price.is_known && markup_apply(raw, c->who->markup, &billed) == ST_OK;
    jw_kstr_or_null(&c->w, str_c(key), is_known ? pico_text(billed, text) : STR_NONE);
}

static void write_pricing(struct api_call *c, const struct model *m)
{
    jw_kobject(&c->w, STR("pricing"));
    write_price(c, "prompt", m, m->list_prompt);
    write_price(c, "completion", m, m->list_completion);
    jw_end(&c->w);
}

static void number_or_null(struct json_writer *w, str key, int64_t v)
{
    if (v > 0)
        jw_ki64(w, key, v);
    else
        jw_knull(w, key);
}

static str owner_of(str id)
{
    return str_sub(id, 0, str_find_char(id, '/'));
}

static void write_model(struct api_call *c, const struct model *m)
{
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kstr(w, STR("id"), m->id);
    jw_kstr(w, STR("name"), m->name);
    jw_kstr(w, STR("object"), STR("model"));
    jw_ki64(w, STR("created"), m->created);
    jw_kstr(w, STR("owned_by"), owner_of(m->id));
    jw_kstr(w, STR("description"), m->description);
    number_or_null(w, STR("context_length"), m->context_length);
    number_or_null(w, STR("max_completion_tokens"), m->max_completion_tokens);
    write_pricing(c, m);
    jw_kbool(w, STR("is_free"), m->price.is_free);
    jw_kbool(w, STR("is_embedding"), m->is_embedding);
    jw_kobject(w, STR("capabilities"));
    jw_kbool(w, STR("vision"), m->takes_images);
    jw_kbool(w, STR("files"), m->takes_files);
    jw_kbool(w, STR("reasoning"), m->can_reason);
    jw_kbool(w, STR("tools"), m->can_tools);
    jw_kbool(w, STR("image_output"), m->makes_images);
    jw_end(w);
    jw_end(w);
}

status models_list(struct api_call *c)
{
    struct models *list = catalog_models(c->g->catalog);
    size_t count = list != NULL ? models_count(list) : 0;
    jw_object(&c->w);
    jw_karray(&c->w, STR("data"));
    for (size_t i = 0; i < count; i++)
        write_model(c, models_at(list, i));
    jw_end(&c->w);
    api_kseconds_or_null(c, "fetched_at", list != NULL ? models_fetched_ms(list) : 0);
    jw_end(&c->w);
    models_unref(list);
    return ST_OK;
}

status models_list_openai(struct api_call *c)
{
    struct models *list = catalog_models(c->g->catalog);
    struct json_writer *w = &c->w;
    size_t count = list != NULL ? models_count(list) : 0;
    jw_object(w);
    jw_kstr(w, STR("object"), STR("list"));
    jw_karray(w, STR("data"));
    for (size_t i = 0; i < count; i++) {
        const struct model *m = models_at(list, i);
        jw_object(w);
        jw_kstr(w, STR("id"), m->id);
        jw_kstr(w, STR("object"), STR("model"));
        jw_ki64(w, STR("created"), m->created);
        jw_kstr(w, STR("owned_by"), owner_of(m->id));
        jw_kstr(w, STR("name"), m->name);
        number_or_null(w, STR("context_length"), m->context_length);
        write_pricing(c, m);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
    models_unref(list);
    return ST_OK;
}
