/* The embedded web application: a table of files made at build time from web/dist by tools/embed_ui.py,
 * and which file answers which path. Constant data; any thread. */
#ifndef MAI_UI_H
#define MAI_UI_H

#include "http/static.h"

/* Sorted by path. Always holds "/index.html"; when the application was not built, nothing else. */
extern const struct http_assets ui_assets;

/* The file for a request path (no query): the file of that name; for a page of the application ("/", "/c/ID",
 * "/settings/usage" ...) its index.html, because the application reads the address itself. NULL: not ours,
 * which is everything under an API's roots, and names with an extension that do not exist. */
const struct http_asset *ui_find(str path);

/* The description of the whole API, docs/openapi.yaml. */
str ui_openapi(void);

/* To be added to every answer of ours: a content policy under which nothing inline runs and nothing is
 * fetched from elsewhere, and its companions. */
extern const struct http_header ui_headers[];
extern const size_t ui_header_count;

#endif
