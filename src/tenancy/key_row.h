/* Inside the room: a row of supplier_keys as a whole. */
#ifndef MAI_TENANCY_KEY_ROW_H
#define MAI_TENANCY_KEY_ROW_H

#include "tenancy/connection.h"

struct key_row {
    struct supplier_key key;
    str organization_id, sealed, entered_by; /* entered_by STR_NONE: the provider */
    bool is_rotation;
    int64_t checks;
};
bool key_row_read(const struct db_rows *row, void *list); /* into a list of struct key_row */
NODISCARD status key_row_one(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                             struct key_row *out);
/* The candidate with this id. ST_NOT_FOUND: replaced, or in use by now. */
NODISCARD status key_candidate(struct db *db, str id, struct arena *a, struct key_row *out);
NODISCARD status key_current(struct db *db, str organization_id, struct arena *a, struct key_row *out);

/* K4: the organization and the row's id are part of the seal. */
NODISCARD status key_seal(const struct master_key *m, str organization_id, str key_id, str text,
                          struct buf *out);
NODISCARD status key_open(const struct master_key *m, str organization_id, str key_id, str sealed,
                          struct arena *a, str *text_out);

struct key_new {
    str id, hash, organization_id, url, sealed, last4, label, name, entered_by;
    enum key_state state;
    bool is_rotation;
    int64_t next_check_ms; /* 0: none */
    bool has_limit;
    pico limit;
    enum limit_reset limit_reset;
};
NODISCARD status key_insert(struct db *db, const struct key_new *k); /* W */
str key_last4(str text);

#endif
