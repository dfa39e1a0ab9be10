/* What the store's tests share: a temporary folder, an open store, a little table. */
#ifndef MAI_TEST_STORE_FIXTURE_H
#define MAI_TEST_STORE_FIXTURE_H

#include "store/store.h"

enum { TEST_PATH_CAP = 256 };

/* A new empty folder under /tmp (or below `parent` when given); dst holds TEST_PATH_CAP. */
void folder_make(const char *parent, char *dst);
void folder_remove(const char *path); /* with everything in it */
bool file_exists(const char *folder, const char *name);

struct store *store_at(const char *folder,
                       const char *vfs); /* fails the test when it cannot be opened */
void store_refused(const char *folder, status want,
                   const char *words); /* open fails with these words */

/* The table `notes (id INTEGER PRIMARY KEY, word TEXT UNIQUE, parent -> notes, deferred)`. */
void notes_make(struct store *s);
status note_add(struct db *db, int64_t id, const char *word, int64_t parent); /* parent 0: none */
int64_t note_count(struct db *db);
bool note_exists(struct db *db, int64_t id);

#endif
