/* Options; see options.h. */
#include "options.h"
#include "routes.h"

#include <stdio.h>

static const struct option_row {
    const char *name;
    enum { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG } kind;
    size_t offset;
    int64_t least, most;
    const char *help;
} rows[] = {
#define AT(field) offsetof(struct sim_options, field)
    {"--port", OPTION_NUMBER, AT(port), 0, 65535, "port, 0 = any free one (0)"},
    {"--host", OPTION_TEXT, AT(host), 0, 0, "IPv4 address to listen on (127.0.0.1)"},
    {"--script", OPTION_TEXT, AT(script_file), 0, 0, "JSON file of defaults and rules"},
    {"--clock", OPTION_TEXT, AT(clock), 0, 0, "ISO time to start at; it runs on from there"},
    {"--management-key", OPTION_TEXT, AT(management_key), 0, 0,
     "its text (sk-or-v1-management-demo-0000000000000000000000000000000000000000)"},
    {"--inference-key", OPTION_TEXT, AT(inference_key), 0, 0, "make this key, named Default"},
    {"--generation-delay-ms", OPTION_NUMBER, AT(generation_delay_ms), 0, 86400000,
     "until a generation record can be read (1500)"},
    {"--chunk-ms", OPTION_NUMBER, AT(chunk_ms), 0, 600000, "pause between stream chunks (0)"},
    {"--first-delay-ms", OPTION_NUMBER, AT(first_delay_ms), 0, 600000,
     "wait before the first chunk (0)"},
    {"--key-limit-status", OPTION_NUMBER, AT(key_limit_status), 402, 403,
     "status when a key's limit is used up (403)"},
    {"--cap-delay-ms", OPTION_NUMBER, AT(cap_delay_ms), 0, 86400000,
     "until a changed limit is honoured (0)"},
    {"--free-per-minute", OPTION_NUMBER, AT(free_per_minute), 0, INT64_MAX,
     "free-model requests per minute (20)"},
    {"--free-per-day", OPTION_NUMBER, AT(free_per_day), 0, INT64_MAX,
     "free-model requests per day (1000)"},
    {"--max-records", OPTION_NUMBER, AT(max_records), 10000, 100000000,
     "generation records kept (1000000)"},
    {"--request-log", OPTION_NUMBER, AT(request_log), 0, 10000000,
     "requests kept for /sim/requests, 0 = none (20000)"},
    {"--hide-scripted", OPTION_FLAG, AT(hides_scripted), 0, 0,
     "leave sim/... models out of the lists (they still answer)"},
#undef AT
};

static const struct option_row *find(str name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_eq(name, str_c(rows[i].name)))
            return &rows[i];
    return NULL;
}

static status set(struct sim_options *o, const struct option_row *row, const char *value,
                  struct err *e)
{
    void *at = (char *)o + row->offset;
    if (row->kind == OPTION_FLAG) {
        *(bool *)at = true;
        return ST_OK;
    }
    if (value == NULL)
        return err_set(e, ST_BAD_REQUEST, "%s needs a value", row->name);
    if (row->kind == OPTION_TEXT) {
        *(const char **)at = value;
        return ST_OK;
    }
    int64_t v;
    if (str_to_i64(str_c(value), &v) != ST_OK || v < row->least || v > row->most)
        return err_set(e, ST_BAD_REQUEST, "%s: not a number from %lld to %lld: %s", row->name,
                       (long long)row->least, (long long)row->most, value);
    *(int64_t *)at = v;
    return ST_OK;
}

static void set_defaults(struct sim_options *o)
{
    *o = (struct sim_options){
        .host = "127.0.0.1",
        .management_key = "sk-or-v1-management-demo-0000000000000000000000000000000000000000",
        .key_limit_status = 403,
        .free_per_minute = 20,
        .free_per_day = 1000,
        .max_records = 1000000,
        .request_log = 20000,
        .generation_delay_ms = -1,
        .chunk_ms = -1,
        .first_delay_ms = -1,
    };
}

/* Accepts "--name value" and "--name=value". */
status options_parse(struct sim_options *o, int argc, char **argv, bool *wants_help, struct err *e)
{
    set_defaults(o);
    for (int i = 1; i < argc; i++) {
        str arg = str_c(argv[i]);
        size_t eq = str_find_char(arg, '=');
        const struct option_row *row = find(str_sub(arg, 0, eq));
        if (str_eq(arg, STR("--help")) || str_eq(arg, STR("-h"))) {
            *wants_help = true;
            return ST_OK;
        }
        if (row == NULL)
            return err_set(e, ST_BAD_REQUEST, "unknown option: %s", argv[i]);
        const char *value = NULL;
        if (row->kind != OPTION_FLAG)
            value = eq < arg.n ? argv[i] + eq + 1 : i + 1 < argc ? argv[++i] : NULL;
        status st = set(o, row, value, e);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

void options_help(void)
{
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 1 << 20);
    printf("openrouter-sim: a local OpenRouter for tests, demos and benchmarks.\n\n"
           "usage: openrouter-sim [--port N] [options]\n\nOptions (default):\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        printf("  %-26s %s\n", rows[i].name, rows[i].help);
    printf("\nControl, outside /api/v1:\n");
    for (size_t i = 0; i < route_count; i++)
        if (routes[i].auth == AUTH_CONTROL)
            printf("  %-5s%-21s %s\n", routes[i].method, routes[i].path, routes[i].help);
    scripts_describe(&text);
    printf(
        "\n%s\nA script is chosen by model name, by rules (--script, POST /sim/script) and by the\n"
        "request header X-Sim-Script: {FIELDS}. Later ones win.\n",
        buf_z(&text));
}
