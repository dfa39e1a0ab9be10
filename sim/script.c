/* Choosing a script; see script.h. */
#include "script.h"
#include "script_fields.h"
#include "text.h"
#include "base/mem.h"

#include <stdio.h>

struct rule {
    const char *path, *method, *model, *key,
        *user;     /* NULL: any; key: hash or name; model: may end in '*' */
    int64_t skip;  /* matching requests left alone first */
    int64_t times; /* then it applies so often; 0: for ever */
    int64_t seen;
    json_t *script;
};

void scripts_init(struct scripts *s)
{
    s->defaults = (struct script){
        .record_delay_ms = 1500,
        .comments = 1,
        .chunk_tokens = 1,
        .reset_after = -1,
        .cut_after = -1,
        .end_after = -1,
        .reasoning_tokens = -1,
    };
}

static void rules_free(struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_decref(rules[i].script);
    mem_free(rules);
}

/* ---- loading ---- */

static const char *text_of(json_t *object, const char *name)
{
    return text_keep(str_c(json_string_value(json_object_get(object, name))));
}

static status check_rule_names(json_t *object, struct err *e)
{
    static const char *const known[] = {"path", "method", "model", "key", "user",
                                        "skip", "times",  "nth",   "do"};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            is_known = is_known || strcmp(known[i], name) == 0;
        if (!is_known)
            return err_set(e, ST_BAD_REQUEST, "unknown member of a rule: %s", name);
    }
    return ST_OK;
}

static status load_rule(struct rule *r, json_t *object, struct err *e)
{
    struct script ignored = {0};
    if (!json_is_object(object))
        return err_set(e, ST_BAD_REQUEST, "a rule is an object");
    status st = check_rule_names(object, e);
    if (st == ST_OK)
        st = script_overlay(&ignored, json_object_get(object, "do"), e);
    if (st != ST_OK)
        return st;
    int64_t nth = json_integer_value(json_object_get(object, "nth"));
    *r = (struct rule){
        .path = text_of(object, "path"),
        .method = text_of(object, "method"),
        .model = text_of(object, "model"),
        .key = text_of(object, "key"),
        .user = text_of(object, "user"),
        .skip = nth > 0 ? nth - 1 : json_integer_value(json_object_get(object, "skip")),
        .times = nth > 0 ? 1 : json_integer_value(json_object_get(object, "times")),
        .script = json_incref(json_object_get(object, "do")),
    };
    return ST_OK;
}

static status load_rules(json_t *list, struct rule **out, size_t *count_out, struct err *e)
{
    size_t count = json_array_size(list);
    if (list != NULL && !json_is_array(list))
        return err_set(e, ST_BAD_REQUEST, "rules is an array");
    struct rule *rules = count != 0 ? mem_alloc_array(count, sizeof *rules) : NULL;
    for (size_t i = 0; i < count; i++) {
        status st = load_rule(&rules[i], json_array_get(list, i), e);
        if (st != ST_OK) {
            rules_free(rules, count);
            return st;
        }
    }
    *out = rules;
    *count_out = count;
    return ST_OK;
}

static status load(struct scripts *s, json_t *root, struct err *e)
{
    struct script defaults = s->defaults;
    struct rule *rules = NULL;
    size_t count = 0;
    json_t *wanted = json_object_get(root, "default");
    if (wanted != NULL) {
        status st = script_overlay(&defaults, wanted, e);
        if (st != ST_OK)
            return st;
    }
    status st = load_rules(json_object_get(root, "rules"), &rules, &count, e);
    if (st != ST_OK)
        return st;
    rules_free(s->rules, s->rule_count);
    *s = (struct scripts){.defaults = defaults, .rules = rules, .rule_count = count};
    return ST_OK;
}

status scripts_load(struct scripts *s, str json, struct err *e)
{
    json_error_t why;
    json_t *root = json_loadb(json.p != NULL ? json.p : "", json.n, 0, &why);
    if (!json_is_object(root)) {
        json_decref(root);
        return err_set(e, ST_BAD_REQUEST, "not a JSON object: %s", why.text);
    }
    status st = load(s, root, e);
    json_decref(root);
    return st;
}

/* ---- presets ---- */

/* True when the preset is of that model; the digits at # in it. */
static bool preset_matches(const struct script_preset *p, str model, str *number_out)
{
    str name = str_c(p->model);
    size_t hash = str_find_char(name, '#');
    str number = str_from(model, hash);
    *number_out = number;
    if (hash == name.n)
        return str_eq(name, model);
    if (!str_starts(model, str_sub(name, 0, hash)) || number.n == 0 || number.n > 9)
        return false;
    for (size_t i = 0; i < number.n; i++)
        if (number.p[i] < '0' || number.p[i] > '9')
            return false;
    return true;
}

/* A preset of just that name goes before one with a number: "sim/error-200" is not status 200. */
static const struct script_preset *preset_find(str model, str *number_out)
{
    const struct script_preset *found = NULL;
    str number;
    for (size_t i = 0; i < script_preset_count; i++) {
        if (!preset_matches(&script_presets[i], model, &number))
            continue;
        bool is_exact = strchr(script_presets[i].model, '#') == NULL;
        if (found != NULL && !is_exact)
            continue;
        found = &script_presets[i];
        *number_out = number;
        if (is_exact)
            break;
    }
    return found;
}

bool script_preset_exists(str model)
{
    str number;
    return preset_find(model, &number) != NULL;
}

static status overlay_text(struct script *s, str text, struct err *e)
{
    json_error_t why;
    json_t *object = json_loadb(text.p, text.n, 0, &why);
    if (object == NULL)
        return err_set(e, ST_BAD_REQUEST, "script is not JSON: %s", why.text);
    status st = script_overlay(s, object, e);
    json_decref(object);
    return st;
}

static void overlay_preset(struct script *s, str model)
{
    str number, rest, part;
    const struct script_preset *p = preset_find(model, &number);
    if (p == NULL)
        return;
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 4096);
    rest = str_c(p->script);
    while (str_split(&rest, '#', &part)) {
        buf_add(&text, part);
        if (rest.p != NULL)
            buf_add(&text, number);
    }
    CHECK(overlay_text(s, buf_view(&text), NULL) == ST_OK);
}

/* ---- choosing ---- */

static bool text_matches(const char *wanted, str have)
{
    if (wanted == NULL)
        return true;
    str w = str_c(wanted);
    if (w.n != 0 && w.p[w.n - 1] == '*')
        return str_starts(have, str_sub(w, 0, w.n - 1));
    return str_eq(w, have);
}

static bool rule_matches(const struct rule *r, const struct script_subject *of)
{
    bool key_ok = r->key == NULL || (of->key_hash != NULL && (strcmp(r->key, of->key_hash) == 0 ||
                                                              strcmp(r->key, of->key_name) == 0));
    return key_ok && text_matches(r->path, of->path) && text_matches(r->method, of->method) &&
           text_matches(r->model, of->model) && text_matches(r->user, of->user);
}

static bool rule_is_due(struct rule *r)
{
    int64_t n = r->seen++;
    return n >= r->skip && (r->times == 0 || n < r->skip + r->times);
}

status scripts_choose(struct scripts *s, const struct script_subject *subject, str header,
                      struct script *out, struct err *e)
{
    *out = s->defaults;
    if (str_starts(subject->model, STR("sim/")))
        overlay_preset(out, subject->model);
    for (size_t i = 0; i < s->rule_count; i++) {
        struct rule *r = &s->rules[i];
        if (rule_matches(r, subject) && rule_is_due(r))
            CHECK(script_overlay(out, r->script, NULL) == ST_OK);
    }
    return header.p != NULL ? overlay_text(out, header, e) : ST_OK;
}

/* ---- describing ---- */

void scripts_describe(struct buf *out)
{
    buf_add(out, STR("Scripted models ('#' is any number):\n"));
    for (size_t i = 0; i < script_preset_count; i++)
        buf_addf(out, "  %-26s %s\n", script_presets[i].model, script_presets[i].help);
    buf_add(out, STR("\nScript fields:\n"));
    for (size_t i = 0; i < script_field_count; i++) {
        const struct script_field *f = &script_fields[i];
        buf_addf(out, "  %-26s %s", f->name, f->help);
        for (int k = 0; k < f->choice_count; k++)
            buf_addf(out, "%s%s", k == 0 ? " (" : " | ", f->choices[k]);
        buf_add(out, f->choice_count != 0 ? STR(")\n") : STR("\n"));
    }
}
