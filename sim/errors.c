/* Errors; see errors.h. */
#include "errors.h"
#include "jout.h"

static const struct error_row {
    int status;
    const char *type;
    const char *message;
} rows[] = {
    {400, "invalid_request", "Bad request"},
    {401, "authentication", "User not found."},
    {402, "payment_required", "Insufficient credits. Add more using https://openrouter.ai/credits"},
    {403, "permission_denied", "Forbidden"},
    {404, "not_found", "No endpoints found."},
    {408, "timeout", "Request timed out"},
    {412, "precondition_failed", "Precondition failed"},
    {413, "payload_too_large", "Request Entity Too Large"},
    {422, "unprocessable", "Unprocessable request"},
    {429, "rate_limit_exceeded", "Provider returned error"},
    {500, "server", "Internal Server Error"},
    {502, "provider_unavailable", "Provider returned error"},
    {503, "provider_overloaded", "No provider available that meets your routing requirements"},
    {504, "timeout", "The provider timed out"},
    {524, "timeout", "A timeout occurred"},
    {529, "provider_overloaded", "Provider overloaded"},
};

static const struct error_row *row_of(int code)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].status == code)
            return &rows[i];
    return NULL;
}

const char *error_type_of(int code)
{
    const struct error_row *row = row_of(code);
    return row != NULL ? row->type : "unmapped";
}

void error_write_object(struct buf *out, int code, const char *message, str metadata)
{
    const struct error_row *row = row_of(code);
    struct jout j = jout(out);
    if (message == NULL)
        message = row != NULL ? row->message : "Error";
    jo_open(&j, '{');
    jo_ki64(&j, "code", code);
    jo_kz(&j, "message", message);
    if (metadata.p != NULL)
        jo_kraw(&j, "metadata", metadata);
    jo_close(&j, '}');
}

void error_write(struct buf *out, int code, const char *message, str metadata)
{
    buf_add(out, STR("{\"error\":"));
    error_write_object(out, code, message, metadata);
    buf_add(out, STR(",\"user_id\":\"user_2simulatedAccountOwner00\"}"));
}

void error_write_metadata(struct buf *out, const struct script *s)
{
    struct jout j = jout(out);
    if (s->metadata != NULL) {
        buf_add(out, str_c(s->metadata));
        return;
    }
    jo_open(&j, '{');
    jo_kz(&j, "error_type", s->error_type != NULL ? s->error_type : error_type_of((int)s->status));
    if (s->limit_source != NULL) {
        jo_kz(&j, "limit_source", s->limit_source);
        jo_kz(&j, "remedy_hint", "Raise the limit or wait until it resets.");
    }
    if (s->status == 429 || s->status >= 502) {
        jo_kz(&j, "provider_name", "SimProvider");
        jo_kz(&j, "raw", "the model is temporarily rate-limited upstream");
    }
    jo_close(&j, '}');
}
