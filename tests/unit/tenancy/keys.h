/* What the tests of supplier keys share: pasting a key and what OpenRouter says about it, given by hand. */
#ifndef MAI_TEST_TENANCY_KEYS_H
#define MAI_TEST_TENANCY_KEYS_H

#include "fixture.h"

#define BASE "https://openrouter.ai/api/v1"
#define KEY_A "sk-or-v1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1111"
#define KEY_B "sk-or-v1-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2222"
#define KEY_C "sk-or-v1-cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc3333"

extern struct openrouter *openrouter;

/* cmocka setup: house_open and a client of OpenRouter's address that is never called. */
int open_all(void **state);
int close_all(void **state);
/* Saves and gives the id to check. */
status save_at(struct scope by, const char *url, const char *key, char *id, bool *needs_check);
const char *save(struct scope by, const char *key);
/* OpenRouter takes the key; name NULL: not readable. */
struct connection_finding valid(const char *key_id, const char *name);
struct connection_applied apply(const struct connection_finding *f);
/* Save, check, apply. */
struct connection_applied paste(struct scope by, const char *key, const char *name);
struct connection view(struct scope by);
/* What a call of this person would be made with. */
const char *works(const char *user_id);
struct supplied_key supplied(const char *text);
void expect(const char *organization_id, const char *text);
/* Admin of a new organization by sign-up: name made up from the person's. */
struct scope newcomer(const char *email);
bool is_organization(const char *id);

#endif
