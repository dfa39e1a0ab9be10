/* Prints the table of routes as the program has it, a JSON object a line, for the generated isolation test: whatever
 * is added to src/api/routes.c is walked, and a route the walk knows nothing about fails it. */
#include "api/api.h"

#include <stdio.h>

static const struct {
    unsigned bit;
    const char *name;
} bits[] = {
    {MAY_NOBODY_SIGNED_IN, "nobody"},
    {MAY_PENDING, "pending"},
    {MAY_USER, "user"},
    {MAY_ADMIN, "admin"},
    {MAY_PROVIDER, "provider"},
    {MAY_API_KEY, "api_key"},
    {MAY_ONLY_API_KEY, "only_api_key"},
    {MAY_FIRST_PASSWORD, "first_password"},
    {CALLS_OPENROUTER, "calls_openrouter"},
};

static const char *const reaches[] = {
    [REACH_PUBLIC] = "public",
    [REACH_OWN] = "own",
    [REACH_ORGANIZATION] = "organization",
    [REACH_PROVIDER] = "provider",
};

static void write_may(struct json_writer *w, unsigned may)
{
    unsigned known = 0;
    jw_karray(w, STR("may"));
    for (size_t i = 0; i < COUNT_OF(bits); i++) {
        known |= bits[i].bit;
        if ((may & bits[i].bit) != 0)
            jw_str(w, str_c(bits[i].name));
    }
    jw_end(w);
    CHECK((may & ~known) == 0); /* a new bit needs a name here, and the walk a rule for it */
}

static void write_route(struct json_writer *w, const struct api_route *r)
{
    jw_object(w);
    jw_kstr(w, STR("method"), http_method_text(r->method));
    jw_kstr(w, STR("path"), str_c(r->path));
    write_may(w, r->may);
    jw_kstr(w, STR("reach"), str_c(reaches[r->reach]));
    jw_ki64(w, STR("max_body_bytes"), (int64_t)r->max_body_bytes);
    jw_end(w);
}

int main(void)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, 4096);
    for (size_t i = 0; i < api_route_count; i++) {
        buf_clear(&line);
        struct json_writer w = json_writer(&line);
        write_route(&w, &api_routes[i]);
        printf("%.*s\n", STR_ARG(buf_view(&line)));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
