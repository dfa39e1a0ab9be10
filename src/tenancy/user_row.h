/* Inside the room: a person's row as a whole, read, changed and written back inside one write job, and the
 * rules that every change obeys, whoever makes it. */
#ifndef MAI_TENANCY_USER_ROW_H
#define MAI_TENANCY_USER_ROW_H

#include "tenancy/user.h"

struct person {
    struct user user;
    str password_hash;
};

/* The columns of the user_* statements; has_hash for those that end with the password's hash. */
void user_fill(const struct db_rows *row, struct arena *a, struct user *u);
void person_read(const struct db_rows *row, void *person_ctx);
struct person_ctx {
    struct arena *arena;
    struct person *out;
};
/* Rows of a list statement into a list of struct user. */
bool user_read_row(const struct db_rows *row, void *list);

NODISCARD status person_in(struct db *db, str organization_id, str id, struct arena *a, struct person *out,
                           struct err *e);
NODISCARD status person_own(struct db *db, struct own_scope by, struct arena *a, struct person *out,
                            struct err *e);
NODISCARD status person_by_email(struct db *db, str email, struct arena *a, struct person *out);

/* W. Writes the whole row. ST_CONFLICT: the e-mail is taken. */
NODISCARD status person_write(struct db *db, const struct person *p, struct err *e);
/* W. Checks, gives a pseudonym, inserts. */
NODISCARD status user_insert(struct db *db, const struct user_new *n, char id_out[static ID_CAP],
                             struct err *e);
/* W. P5. organization_id: STR_NONE for a provider account. */
NODISCARD status user_bury(struct db *db, str id, str organization_id, int64_t now_ms);

/* ---- changes by whoever may; `by` is for the log ---- */
struct user_actor {
    str by;       /* user id or "host" */
    bool is_host; /* P3 does not concern it */
};
NODISCARD status person_change(struct db *db, struct user_actor by, struct person *p,
                               const struct user_change *c, struct err *e);
NODISCARD status person_set_disabled(struct db *db, struct user_actor by, struct person *p, bool is_disabled,
                                     struct err *e);
NODISCARD status person_reset(struct db *db, struct user_actor by, struct person *p, str hash, struct err *e);
NODISCARD status person_delete(struct db *db, struct user_actor by, struct person *p, struct err *e);

#endif
