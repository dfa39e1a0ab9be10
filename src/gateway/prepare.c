/* Body policy; see prepare.h. The member table is the policy: adding a member means adding a row. What has no
 * row does not go upstream, because tomorrow's unknown member may be tomorrow's paid feature. */
#include "gateway/prepare.h"

enum { OWN_EDITS = 4, MAX_REMOVALS = JSON_MAX_EDITS - OWN_EDITS };

enum member_rule {
    PASS,      /* goes as it is */
    OURS,      /* set or removed by us */
    EXTRA,     /* costs money unseen: only where the organization allows it */
    MODEL, STREAM, MAX_TOKENS, MESSAGES, INPUT, TOOLS, TIER, PROVIDER, /* looked into */
};

static const struct member {
    const char *name;
    enum member_rule chat, embedding;
} members[] = {
    {"model", MODEL, MODEL},
    {"messages", MESSAGES, OURS},
    {"input", OURS, INPUT},
    {"stream", STREAM, OURS},
    {"max_tokens", MAX_TOKENS, OURS},
    {"max_completion_tokens", MAX_TOKENS, OURS},
    {"temperature", PASS, OURS},
    {"top_p", PASS, OURS},
    {"top_k", PASS, OURS},
    {"top_a", PASS, OURS},
    {"min_p", PASS, OURS},
    {"frequency_penalty", PASS, OURS},
    {"presence_penalty", PASS, OURS},
    {"repetition_penalty", PASS, OURS},
    {"seed", PASS, OURS},
    {"stop", PASS, OURS},
    {"logit_bias", PASS, OURS},
    {"logprobs", PASS, OURS},
    {"top_logprobs", PASS, OURS},
    {"tools", TOOLS, OURS},
    {"tool_choice", PASS, OURS},
    {"parallel_tool_calls", PASS, OURS},
    {"response_format", PASS, OURS},
    {"structured_outputs", PASS, OURS},
    {"reasoning", PASS, OURS},
    {"reasoning_effort", PASS, OURS},
    {"include_reasoning", PASS, OURS},
    {"verbosity", PASS, OURS},
    {"prediction", PASS, OURS},
    {"modalities", PASS, OURS},
    {"image_config", PASS, OURS},
    {"cache_control", PASS, OURS},
    {"prompt_cache_key", PASS, OURS},
    {"encoding_format", OURS, PASS},
    {"dimensions", OURS, PASS},
    {"input_type", OURS, PASS},
    {"provider", PROVIDER, PROVIDER},
    {"service_tier", TIER, TIER},
    {"plugins", EXTRA, EXTRA},
    {"web_search_options", EXTRA, EXTRA},
    {"models", EXTRA, EXTRA},
    {"route", EXTRA, EXTRA},
    {"transforms", EXTRA, EXTRA},
    {"preset", EXTRA, EXTRA},
    {"stop_server_tools_when", EXTRA, EXTRA},
};

static enum member_rule rule_of(struct json key, enum call_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_string_is(key, str_c(members[i].name)))
            return kind == CALL_CHAT ? members[i].chat : members[i].embedding;
    return OURS;
}

static status refuse_extra(struct err *e, const char *what)
{
    return err_set(e, ST_FORBIDDEN,
                   "%s can cost money that is not visible beforehand and is not switched on for your "
                   "organization", what);
}

/* ---- looking into members ---- */

static bool is_data_url(struct json url)
{
    return url.type == JSON_STRING && str_starts_nocase(str_from(url.raw, 1), STR("data:"));
}

/* One image: its inline bytes are no prompt text. */
static void count_image(struct call_plan *p, struct json part)
{
    struct json image, url;
    p->bounds.images++;
    if (!json_get(part, STR("image_url"), &image))
        return;
    bool is_nested = image.type == JSON_OBJECT && json_get(image, STR("url"), &url);
    struct json address = is_nested ? url : image;
    if (is_data_url(address))
        p->bounds.prompt_bytes -= (int64_t)address.raw.n;
}

static status read_part(struct call_plan *p, struct json part, const struct call_rules *rules,
                        struct err *e)
{
    struct json type;
    if (part.type != JSON_OBJECT || !json_get(part, STR("type"), &type))
        return err_set(e, ST_BAD_REQUEST, "messages: every part of a content array needs a \"type\"");
    if (json_string_is(type, STR("text")))
        return ST_OK;
    if (json_string_is(type, STR("image_url"))) {
        count_image(p, part);
        return ST_OK;
    }
    if (rules->allows_extras)
        return ST_OK;
    return refuse_extra(e, "A file, audio or video part");
}

static status read_messages(struct call_plan *p, struct json messages, const struct call_rules *rules,
                            struct err *e)
{
    struct json message, content, part;
    size_t count = 0;
    if (messages.type != JSON_ARRAY)
        return err_set(e, ST_BAD_REQUEST, "messages must be an array");
    for (struct json_iter it = json_iter(messages); json_next(&it, NULL, &message); count++) {
        if (message.type != JSON_OBJECT)
            return err_set(e, ST_BAD_REQUEST, "messages[%zu] must be an object", count);
        if (!json_get(message, STR("content"), &content) || content.type != JSON_ARRAY)
            continue;
        for (struct json_iter parts = json_iter(content); json_next(&parts, NULL, &part);) {
            status st = read_part(p, part, rules, e);
            if (st != ST_OK)
                return st;
        }
    }
    return count != 0 ? ST_OK : err_set(e, ST_BAD_REQUEST, "messages must not be empty");
}

static status read_tools(struct call_plan *p, struct json tools, const struct call_rules *rules,
                         struct err *e)
{
    struct json tool, type;
    if (tools.type == JSON_NULL)
        return ST_OK;
    if (tools.type != JSON_ARRAY)
        return err_set(e, ST_BAD_REQUEST, "tools must be an array");
    for (struct json_iter it = json_iter(tools); json_next(&it, NULL, &tool);) {
        p->bounds.has_tools = true;
        bool is_function = json_get(tool, STR("type"), &type) && json_string_is(type, STR("function"));
        if (!is_function && !rules->allows_extras)
            return refuse_extra(e, "A server tool");
    }
    return ST_OK;
}

static status read_tier(struct json tier, const struct call_rules *rules, struct err *e)
{
    bool is_plain = tier.type == JSON_NULL || json_string_is(tier, STR("auto")) ||
                    json_string_is(tier, STR("default"));
    return is_plain || rules->allows_extras ? ST_OK : refuse_extra(e, "This service tier");
}

static status read_max_tokens(struct call_plan *p, struct json v, struct err *e)
{
    int64_t n;
    if (v.type == JSON_NULL)
        return ST_OK;
    if (json_i64(v, &n) != ST_OK || n < 1 || n > 100000000)
        return err_set(e, ST_UNPROCESSABLE, "max_tokens must be a whole number from 1 to 100000000");
    p->has_max_tokens = true;
    if (n > p->bounds.max_tokens)
        p->bounds.max_tokens = n;
    return ST_OK;
}

static status read_model(struct call_plan *p, struct json v, struct arena *a, struct err *e)
{
    if (json_string(v, a, &p->model) != ST_OK || p->model.n == 0 || p->model.n > 159 ||
        !str_is_text(p->model, false))
        return err_set(e, ST_BAD_REQUEST, "model must be a model id such as \"openai/gpt-4o-mini\"");
    return ST_OK;
}

static status read_input(struct json v, struct err *e)
{
    struct json item;
    bool is_empty_array = v.type == JSON_ARRAY;
    for (struct json_iter it = json_iter(v); v.type == JSON_ARRAY && json_next(&it, NULL, &item);)
        is_empty_array = false;
    if ((v.type != JSON_STRING && v.type != JSON_ARRAY) || is_empty_array)
        return err_set(e, ST_BAD_REQUEST, "input must be a text or a list of texts");
    return ST_OK;
}

static status read_member(struct call_plan *p, enum member_rule rule, struct json v,
                          const struct call_rules *rules, struct arena *a, struct err *e)
{
    switch (rule) {
    case MODEL:
        return read_model(p, v, a, e);
    case STREAM:
        p->is_stream = json_is_true(v);
        return v.type == JSON_BOOL || v.type == JSON_NULL
                   ? ST_OK
                   : err_set(e, ST_BAD_REQUEST, "stream must be true or false");
    case MAX_TOKENS:
        return read_max_tokens(p, v, e);
    case MESSAGES:
        return read_messages(p, v, rules, e);
    case INPUT:
        return read_input(v, e);
    case TOOLS:
        return read_tools(p, v, rules, e);
    case TIER:
        return read_tier(v, rules, e);
    case PROVIDER:
        if (v.type == JSON_OBJECT)
            p->provider = v;
        return v.type == JSON_OBJECT || v.type == JSON_NULL
                   ? ST_OK
                   : err_set(e, ST_BAD_REQUEST, "provider must be an object");
    case PASS:
    case OURS:
    case EXTRA:
        return ST_OK;
    }
    UNREACHABLE();
}

static status check_extra(struct json key, struct json v, const struct call_rules *rules,
                          struct err *e)
{
    if (rules->allows_extras || v.type == JSON_NULL)
        return ST_OK;
    char what[64];
    char name[40];
    (void)str_copy_z(str_sub(key.raw, 1, key.raw.n - 2), name, sizeof name);
    struct buf text;
    buf_init(&text, sizeof what);
    buf_addf(&text, "The member \"%s\"", name);
    (void)str_copy_z(buf_view(&text), what, sizeof what);
    buf_free(&text);
    return refuse_extra(e, what);
}

static status read_members(struct call_plan *p, const struct call_rules *rules, struct arena *a,
                           struct err *e)
{
    struct json key, v;
    p->removals = ARENA_ARRAY(a, struct json_edit, MAX_REMOVALS);
    if (p->removals == NULL)
        return ST_TOO_BIG;
    for (struct json_iter it = json_iter(p->root); json_next(&it, &key, &v);) {
        enum member_rule rule = rule_of(key, rules->kind);
        if (rule == EXTRA) {
            status st = check_extra(key, v, rules, e);
            if (st != ST_OK)
                return st;
        }
        status st = read_member(p, rule, v, rules, a, e);
        if (st != ST_OK)
            return st;
        if (rule != OURS)
            continue;
        if (p->removal_count == MAX_REMOVALS)
            return err_set(e, ST_UNPROCESSABLE, "the request has too many members that are not OpenRouter's");
        struct json_edit *edit = &p->removals[p->removal_count++];
        edit->value = STR_NONE;
        if (json_string(key, a, &edit->name) != ST_OK)
            return err_set(e, ST_BAD_REQUEST, "a member name holds a NUL character");
    }
    return ST_OK;
}

status plan_read(str body, const struct call_rules *rules, struct arena *a, struct call_plan *out,
                 struct err *e)
{
    struct call_plan p = {0};
    struct json found;
    status st = json_check_strict(body, &p.root, e);
    if (st != ST_OK)
        return st;
    if (p.root.type != JSON_OBJECT)
        return err_set(e, ST_BAD_REQUEST, "the body must be a JSON object");
    p.bounds.prompt_bytes = (int64_t)body.n;
    st = read_members(&p, rules, a, e);
    if (st != ST_OK)
        return st;
    if (p.model.n == 0)
        return err_set(e, ST_BAD_REQUEST, "model is missing");
    str wanted = rules->kind == CALL_CHAT ? STR("messages") : STR("input");
    if (!json_get(p.root, wanted, &found))
        return err_set(e, ST_BAD_REQUEST, "%.*s is missing", STR_ARG(wanted));
    *out = p;
    return ST_OK;
}

/* ---- writing ---- */

static str ceiling_json(const struct call_plan *p, const struct model *ceiling, struct arena *a)
{
    MAI_AUTO(buf_free) struct buf b;
    struct json theirs;
    bool has_theirs = p->provider.raw.p != NULL && json_get(p->provider, STR("max_price"), &theirs);
    buf_init(&b, 4096);
    pricing_add_max_price(ceiling, &p->bounds, has_theirs ? &theirs : NULL, &b);
    return b.is_full ? STR_NONE : arena_dup(a, buf_view(&b));
}

/* The provider object with our rules in it; STR_NONE when there is nothing to say. */
static status provider_json(const struct call_plan *p, const struct call_rules *rules,
                            const struct model *ceiling, struct arena *a, str *out)
{
    struct json_edit edits[3];
    size_t n = 0;
    struct json own = p->provider;
    if (rules->deny_data_collection)
        edits[n++] = (struct json_edit){STR("data_collection"), STR("\"deny\"")};
    if (rules->zero_data_retention)
        edits[n++] = (struct json_edit){STR("zdr"), STR("true")};
    if (ceiling != NULL)
        edits[n++] = (struct json_edit){STR("max_price"), ceiling_json(p, ceiling, a)};
    *out = own.raw;
    if (n == 0)
        return ST_OK;
    if (own.raw.p == NULL && json_check(STR("{}"), &own, NULL) != ST_OK)
        UNREACHABLE();
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, own.raw.n + 4096);
    json_splice(own, edits, n, &b);
    *out = b.is_full ? STR_NONE : arena_dup(a, buf_view(&b));
    return out->p != NULL ? ST_OK : ST_TOO_BIG;
}

static str quoted(str s, struct arena *a)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 8 * s.n + 16);
    json_add_string(&b, s);
    return arena_dup(a, buf_view(&b));
}

status plan_write(const struct call_plan *p, const struct call_rules *rules, int64_t max_tokens,
                  const struct model *ceiling, struct arena *a, struct buf *out)
{
    str provider;
    size_t n = 0;
    struct json_edit *edits = ARENA_ARRAY(a, struct json_edit, p->removal_count + OWN_EDITS);
    status st = provider_json(p, rules, ceiling, a, &provider);
    if (st != ST_OK || edits == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < p->removal_count; i++) {
        bool is_set_below = str_eq(p->removals[i].name, STR("user")) ||
                            (rules->session_id.p != NULL &&
                             str_eq(p->removals[i].name, STR("session_id")));
        if (!is_set_below)
            edits[n++] = p->removals[i];
    }
    edits[n++] = (struct json_edit){STR("user"), quoted(rules->external_user, a)};
    if (rules->session_id.p != NULL)
        edits[n++] = (struct json_edit){STR("session_id"), quoted(rules->session_id, a)};
    if (provider.p != NULL)
        edits[n++] = (struct json_edit){STR("provider"), provider};
    if (!p->has_max_tokens && max_tokens > 0)
        edits[n++] = (struct json_edit){STR("max_tokens"), arena_printf(a, "%lld", (long long)max_tokens)};
    json_splice(p->root, edits, n, out);
    return out->is_full || a->is_full ? ST_TOO_BIG : ST_OK;
}

int64_t plan_default_max_tokens(const struct model *m)
{
    bool has_maximum = m != NULL && m->max_completion_tokens > 0;
    return has_maximum && m->max_completion_tokens < DEFAULT_MAX_TOKENS ? m->max_completion_tokens
                                                                        : DEFAULT_MAX_TOKENS;
}
