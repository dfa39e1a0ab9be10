/* Routing; see match.h. A hundred rows are compared segment by segment: about a microsecond, no index to keep. */
#include "api/match.h"

static bool next_segment(str *rest, str *segment)
{
    if (rest->n == 0)
        return false;
    *rest = str_from(*rest, 1); /* the slash */
    size_t n = str_find_char(*rest, '/');
    *segment = str_sub(*rest, 0, n);
    *rest = str_from(*rest, n);
    return true;
}

/* Cheap and nearly always right: the bytes before the first parameter (or all) must be the same. */
static bool may_match(const char *pattern, str path)
{
    size_t i = 0;
    while (pattern[i] != '\0' && pattern[i] != '{') {
        if (i == path.n || pattern[i] != path.p[i])
            return false;
        i++;
    }
    return true;
}

/* 0: no; else 1 + number of literal segments. */
static unsigned match_pattern(const char *pattern, str path, str params[static API_PARAMS_MAX])
{
    str left = str_c(pattern), right = path, a, b;
    unsigned literals = 1, count = 0;
    if (!may_match(pattern, path))
        return 0;
    while (next_segment(&left, &a)) {
        if (!next_segment(&right, &b))
            return 0;
        bool is_param = a.n > 2 && a.p[0] == '{';
        if (is_param && b.n == 0)
            return 0;
        if (is_param && count < API_PARAMS_MAX)
            params[count++] = b;
        else if (str_eq(a, b))
            literals++;
        else
            return 0;
    }
    return right.n == 0 ? literals : 0;
}

static str without_slash(str path)
{
    return path.n > 1 && str_ends(path, STR("/")) ? str_sub(path, 0, path.n - 1) : path;
}

static bool is_method(enum http_method route, enum http_method asked)
{
    return route == asked || (route == HTTP_GET && asked == HTTP_HEAD);
}

void api_match_path(enum http_method method, str path, struct api_match *out)
{
    unsigned best = 0;
    *out = (struct api_match){0};
    path = without_slash(path);
    for (size_t i = 0; i < api_route_count; i++) {
        str params[API_PARAMS_MAX] = {{NULL, 0}};
        unsigned score = match_pattern(api_routes[i].path, path, params);
        if (score == 0)
            continue;
        if (!is_method(api_routes[i].method, method)) {
            out->is_other_method = true;
            continue;
        }
        if (score <= best)
            continue;
        best = score;
        out->route = &api_routes[i];
        memcpy(out->params, params, sizeof params);
    }
}

void api_allowed_methods(str path, struct buf *out)
{
    bool seen[HTTP_METHODS_] = {false};
    path = without_slash(path);
    for (size_t i = 0; i < api_route_count; i++) {
        str params[API_PARAMS_MAX];
        enum http_method m = api_routes[i].method;
        if (seen[m] || match_pattern(api_routes[i].path, path, params) == 0)
            continue;
        seen[m] = true;
        if (out->n != 0)
            buf_add(out, STR(", "));
        buf_add(out, http_method_text(m));
    }
}
