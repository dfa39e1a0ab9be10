/* Roles and scopes as values; see scope.h. */
#include "tenancy/scope.h"

static const str ROLE_WORDS[] = {
    [ROLE_PENDING] = STR_INIT("pending"),
    [ROLE_USER] = STR_INIT("user"),
    [ROLE_ADMIN] = STR_INIT("admin"),
    [ROLE_PROVIDER] = STR_INIT("provider"),
};

str role_text(enum role r)
{
    CHECK((size_t)r < COUNT_OF(ROLE_WORDS));
    return ROLE_WORDS[r];
}

bool role_parse(str s, enum role *out)
{
    for (size_t i = 0; i < COUNT_OF(ROLE_WORDS); i++) {
        if (!str_eq(s, ROLE_WORDS[i]))
            continue;
        *out = (enum role)i;
        return true;
    }
    return false;
}

static void id_copy(str id, char dst[static ID_CAP])
{
    if (!str_copy_z(id, dst, ID_CAP))
        dst[0] = '\0';
}

struct scope scope_make(enum role role, str organization_id, str user_id)
{
    CHECK(role != ROLE_PROVIDER);
    struct scope s = {.role = role};
    id_copy(organization_id, s.organization_id);
    id_copy(user_id, s.user_id);
    return s;
}

struct own_scope own_scope_make(str user_id)
{
    struct own_scope s = {};
    id_copy(user_id, s.user_id);
    return s;
}

struct provider_scope provider_scope_host(void)
{
    return (struct provider_scope){};
}

bool provider_scope_is_host(struct provider_scope s)
{
    return s.user_id[0] == '\0';
}
