/* Titles of chats, made by a metered call of purpose `title` like any other. When it fails, the beginning of the
 * question becomes the title. */
#ifndef MAI_TITLE_H
#define MAI_TITLE_H

#include "codec/json.h"
#include "gateway/gateway.h"

/* On this loop; returns at once, everything is copied. */
void title_make(struct gateway *g, struct principal *who, str chat_id, str model, struct json user_message,
                str answer);

/* What is kept of a model's answer: one line, no quotes or marks around it, at most `max_chars`. Pure. */
str title_clean(str text, size_t max_chars);

#endif
