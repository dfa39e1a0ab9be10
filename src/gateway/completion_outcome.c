/* Outcome of a call; see completion_outcome.h. Rules: design 4.7 and openrouter-api 2.13-2.15. A call that may have
 * been billed is never failed: it waits for the truth. */
#include "gateway/completion_outcome.h"

#include <stdio.h>

/* ---- a code other than 200 ---- */

/* What the supplier's code means for the person. Where our account with the supplier is the trouble, the person
 * gets our words, not the supplier's. */
static const struct code_row {
    int code;
    status person;
    bool is_pending;    /* it may have been billed: ask for the truth */
    const char *ours;   /* NULL: the supplier's own sentence */
} code_rows[] = {
    {400, ST_BAD_REQUEST, false, NULL},
    {401, ST_UPSTREAM, false,
     "OpenRouter refused your organization's key. An administrator can check it under Settings -> Connections."},
    {402, ST_UNAVAILABLE, false,
     "The provider's balance at OpenRouter does not allow this call right now. Please tell your provider."},
    {403, ST_FORBIDDEN, false, NULL},
    {404, ST_NOT_FOUND, false, NULL},
    {408, ST_UPSTREAM_TIMEOUT, true, NULL},
    {413, ST_TOO_BIG, false, NULL},
    {422, ST_UNPROCESSABLE, false, NULL},
    {429, ST_RATE_LIMITED, false, NULL},
    {500, ST_UPSTREAM, false, NULL},
    {502, ST_UPSTREAM, false, NULL},
    {503, ST_UNAVAILABLE, false, NULL},
    {504, ST_UPSTREAM_TIMEOUT, true, NULL},
    {524, ST_UPSTREAM_TIMEOUT, true, NULL},
    {529, ST_UNAVAILABLE, false, NULL},
};

static struct code_row row_of_code(int64_t code)
{
    for (size_t i = 0; i < COUNT_OF(code_rows); i++)
        if (code_rows[i].code == code)
            return code_rows[i];
    return (struct code_row){(int)code, code < 500 ? ST_BAD_REQUEST : ST_UPSTREAM, code >= 500, NULL};
}

static bool has_words(str text, const char *words)
{
    return str_find(text, str_c(words)) < text.n;
}

/* The key's own limit at OpenRouter, which some deployments answer with 402 and some with 403. */
static bool is_key_limit(int64_t code, str text)
{
    return (code == 402 || code == 403) &&
           (has_words(text, "Key limit exceeded") || has_words(text, "openrouter_key_limit"));
}

static void supplier_sentence(str body, char *dst, size_t cap)
{
    MAI_AUTO(arena_free) struct arena a;
    struct json v;
    struct usage_event e;
    dst[0] = '\0';
    arena_init(&a, 1 << 18);
    if (json_check(str_trim(body), &v, NULL) != ST_OK)
        return;
    usage_read(v, &a, &e);
    if (e.has_error)
        (void)str_copy_z(e.error_message, dst, cap);
    size_t n = strlen(dst);
    while (n != 0 && !str_is_utf8((str){dst, n})) /* a sentence cut inside a character */
        dst[--n] = '\0';
}

static void say(struct call_outcome *o, status st, const char *text)
{
    o->person_st = st;
    snprintf(o->person_text, sizeof o->person_text, "%s", text[0] != '\0' ? text : status_text(st));
}

static void refused(int64_t code, const char *sentence, str all_words, struct call_outcome *o)
{
    struct code_row row = row_of_code(code);
    if (is_key_limit(code, all_words))
        say(o, ST_PAYMENT, "The spending limit of your organization's key at OpenRouter is reached");
    else
        say(o, row.person, row.ours != NULL ? row.ours : sentence);
    o->state = row.is_pending ? GENERATION_PENDING : GENERATION_FAILED;
    o->source = "none";
    snprintf(o->error, sizeof o->error, "OpenRouter answered %lld", (long long)code);
}

static void outcome_of_code(const struct call_facts *f, struct call_outcome *o)
{
    char sentence[300];
    supplier_sentence(f->error_body, sentence, sizeof sentence);
    refused(f->code, sentence, f->error_body, o);
}

/* ---- no answer at all ---- */

static void outcome_of_silence(const struct call_facts *f, struct call_outcome *o)
{
    bool is_ours = f->upstream_st == ST_CANCELLED;
    o->source = "none";
    o->state = f->may_have_happened ? GENERATION_PENDING : GENERATION_FAILED;
    snprintf(o->error, sizeof o->error, "%.*s",
             STR_ARG(is_ours ? STR("the client left before the answer began") : f->upstream_text));
    say(o, is_ours || f->upstream_st == ST_OK ? ST_UPSTREAM : f->upstream_st,
        f->upstream_st == ST_UPSTREAM_TIMEOUT ? "OpenRouter did not answer in time. Please try again."
                                              : "OpenRouter cannot be reached right now. Please try again in a moment.");
}

/* ---- an answer ---- */

static void books_of_answer(const struct call_facts *f, struct call_outcome *o)
{
    const struct relay *r = f->relay;
    o->source = r->is_stream ? "stream" : "answer";
    if (r->has_usage && r->has_cost) {
        o->state = f->is_left ? GENERATION_CANCELLED : GENERATION_SETTLED;
        return;
    }
    o->state = GENERATION_PENDING;
    o->source = "none";
    snprintf(o->error, sizeof o->error, "%s",
             r->has_error ? "error in the answer, cost not known yet" : "cost not in the answer");
}

static void person_of_answer(const struct call_facts *f, struct call_outcome *o)
{
    const struct relay *r = f->relay;
    bool ended = r->is_done || (f->upstream_st == ST_OK && r->is_stream);
    if (r->has_error && !r->is_stream) {
        struct call_outcome as_code = {0};
        refused(r->error_code >= 400 ? r->error_code : 502, r->error_text, str_c(r->error_text), &as_code);
        say(o, as_code.person_st, as_code.person_text);
        return;
    }
    if (ended && !(r->is_broken && r->delivered_bytes == 0))
        return;
    say(o, f->upstream_st == ST_UPSTREAM_TIMEOUT ? ST_UPSTREAM_TIMEOUT : ST_UPSTREAM,
        "The answer broke off at OpenRouter. What arrived is above; please try again.");
}

void call_outcome(const struct call_facts *f, struct call_outcome *out)
{
    struct call_outcome o = {.person_st = ST_OK, .source = "none"};
    if (f->code == 0) {
        outcome_of_silence(f, &o);
    } else if (f->code != 200) {
        outcome_of_code(f, &o);
    } else {
        books_of_answer(f, &o);
        person_of_answer(f, &o);
    }
    *out = o;
}
