/* The table behind struct script: one row per field. */
#ifndef SIM_SCRIPT_FIELDS_H
#define SIM_SCRIPT_FIELDS_H

#include "script.h"

enum script_field_kind { FIELD_NUMBER, FIELD_FLAG, FIELD_TEXT, FIELD_JSON, FIELD_CHOICE };

struct script_field {
    const char *name;
    enum script_field_kind kind;
    size_t offset;
    const char *const *choices; /* FIELD_CHOICE */
    int choice_count;
    const char *help;
};
extern const struct script_field script_fields[];
extern const size_t script_field_count;

/* Lays the members of a JSON object over `s`. Unknown members and wrong types are errors. */
NODISCARD status script_overlay(struct script *s, json_t *object, struct err *e);

#endif
