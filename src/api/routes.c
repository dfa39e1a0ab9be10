/* Every route of mAI, one row each. The generated isolation test, docs/openapi.yaml's check and the router all read
 * this table. */
#include "api/handlers.h"

#define ROW(m, path, may, reach, fn, summary) {HTTP_##m, path, may, reach, fn, NULL, 0, summary}
#define BIG(m, path, may, reach, fn, bytes, summary) {HTTP_##m, path, may, reach, fn, NULL, bytes, summary}
#define LOOP(m, path, may, reach, fn, summary) {HTTP_##m, path, may, reach, NULL, fn, 0, summary}

enum { CHAT_BYTES = 32 << 20 };

#define CO "/api/v1/client-organizations"

const struct api_route api_routes[] = {
    /* health and configuration */
    LOOP(GET, "/health", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, loop_health, "Is the process alive?"),
    ROW(GET, "/health/db", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, health_db, "Can the data be read and written?"),
    ROW(GET, "/api/version", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, version_get, "Version"),
    ROW(GET, "/api/config", MAY_NOBODY_SIGNED_IN | MAY_FIRST_PASSWORD, REACH_PUBLIC, config_get, "What the sign-in page needs"),
    ROW(GET, "/openapi.yaml", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, openapi_get, "This description"),

    /* the own account */
    ROW(POST, "/api/v1/auths/signin", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, auth_signin, "Sign in"),
    ROW(POST, "/api/v1/auths/signup", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, auth_signup, "Sign up"),
    ROW(GET, "/api/v1/auths", MAY_EVERYONE | MAY_FIRST_PASSWORD, REACH_OWN, auth_session, "The session"),
    ROW(GET, "/api/v1/auths/signout", MAY_EVERYONE | MAY_FIRST_PASSWORD, REACH_OWN, auth_signout, "Sign out"),
    ROW(POST, "/api/v1/auths/signout", MAY_EVERYONE | MAY_FIRST_PASSWORD, REACH_OWN, auth_signout, "Sign out"),
    ROW(POST, "/api/v1/auths/update/profile", MAY_EVERYONE, REACH_OWN, auth_update_profile, "Change the profile"),
    ROW(POST, "/api/v1/auths/update/password", MAY_EVERYONE | MAY_FIRST_PASSWORD, REACH_OWN, auth_update_password, "Change the password"),
    ROW(GET, "/api/v1/auths/sessions", MAY_EVERYONE, REACH_OWN, auth_sessions, "Web sessions"),
    ROW(DELETE, "/api/v1/auths/sessions", MAY_EVERYONE, REACH_OWN, auth_sessions_end_others, "End all other web sessions"),
    ROW(DELETE, "/api/v1/auths/sessions/{id}", MAY_EVERYONE, REACH_OWN, auth_session_end, "End a web session"),
    ROW(GET, "/api/v1/auths/api_keys", MAY_MEMBERS, REACH_OWN, api_keys_list, "API keys"),
    ROW(POST, "/api/v1/auths/api_keys", MAY_MEMBERS, REACH_OWN, api_keys_create, "Make an API key"),
    ROW(DELETE, "/api/v1/auths/api_keys/{id}", MAY_MEMBERS, REACH_OWN, api_keys_revoke, "Revoke an API key"),
    ROW(GET, "/api/v1/auths/api_key", MAY_MEMBERS, REACH_OWN, api_key_newest, "Newest API key, masked"),
    ROW(POST, "/api/v1/auths/api_key", MAY_MEMBERS, REACH_OWN, api_key_renew, "Replace the newest API key"),
    ROW(DELETE, "/api/v1/auths/api_key", MAY_MEMBERS, REACH_OWN, api_key_drop, "Revoke the newest API key"),
    ROW(POST, "/api/v1/auths/add", MAY_ADMIN, REACH_ORGANIZATION, auth_add, "Add a person"),

    /* people */
    ROW(GET, "/api/v1/users", MAY_ADMIN, REACH_ORGANIZATION, users_list, "People of the organization"),
    ROW(GET, "/api/v1/users/user/settings", MAY_EVERYONE, REACH_OWN, user_settings_get, "Own settings"),
    ROW(POST, "/api/v1/users/user/settings/update", MAY_EVERYONE, REACH_OWN, user_settings_update, "Change own settings"),
    ROW(GET, "/api/v1/users/{id}", MAY_ADMIN, REACH_ORGANIZATION, users_get, "A person"),
    ROW(POST, "/api/v1/users/{id}/update", MAY_ADMIN, REACH_ORGANIZATION, users_update, "Change a person"),
    ROW(POST, "/api/v1/users/{id}/disable", MAY_ADMIN, REACH_ORGANIZATION, users_disable, "Disable a person"),
    ROW(POST, "/api/v1/users/{id}/enable", MAY_ADMIN, REACH_ORGANIZATION, users_enable, "Enable a person"),
    ROW(POST, "/api/v1/users/{id}/reset", MAY_ADMIN, REACH_ORGANIZATION, users_reset, "Give a one-time password"),
    ROW(DELETE, "/api/v1/users/{id}", MAY_ADMIN, REACH_ORGANIZATION, users_delete, "Delete a person"),
    ROW(GET, "/api/v1/invitations", MAY_ADMIN, REACH_ORGANIZATION, invitations_list, "Invitations"),
    ROW(POST, "/api/v1/invitations", MAY_ADMIN, REACH_ORGANIZATION, invitations_create, "Invite"),
    ROW(DELETE, "/api/v1/invitations/{id}", MAY_ADMIN, REACH_ORGANIZATION, invitations_delete, "Revoke an invitation"),
    ROW(GET, "/api/v1/invitations/by-token/{token}", MAY_NOBODY_SIGNED_IN, REACH_PUBLIC, invitations_by_token, "What an invitation offers"),

    /* connections */
    ROW(GET, "/openai/config", MAY_ADMIN, REACH_ORGANIZATION, connections_get, "Connections and the state of the key"),
    ROW(POST, "/openai/config/update", MAY_ADMIN, REACH_ORGANIZATION, connections_update, "Save connections; the key is checked behind it"),
    ROW(POST, "/openai/verify", MAY_ADMIN | CALLS_OPENROUTER, REACH_ORGANIZATION, connections_verify, "Try a key"),
    ROW(GET, "/api/v1/connections/waiting", MAY_ADMIN, REACH_ORGANIZATION, connections_waiting, "People who wait to be let in with a key"),
    ROW(POST, "/api/v1/connections/approve", MAY_ADMIN, REACH_ORGANIZATION, connections_approve, "Let somebody in"),

    /* models and completions */
    ROW(GET, "/api/models", MAY_MEMBERS, REACH_ORGANIZATION, models_list, "Models with billed prices"),
    ROW(GET, "/openai/models", MAY_MEMBERS, REACH_ORGANIZATION, models_list, "Models with billed prices"),
    ROW(GET, "/v1/models", MAY_ONLY_API_KEY, REACH_ORGANIZATION, models_list_openai, "Models, OpenAI shape"),
    LOOP(POST, "/v1/chat/completions", MAY_ONLY_API_KEY, REACH_OWN, loop_v1_chat, "Chat completion"),
    LOOP(POST, "/v1/embeddings", MAY_ONLY_API_KEY, REACH_OWN, loop_v1_embeddings, "Embeddings"),
    LOOP(POST, "/api/chat/completions", MAY_MEMBERS, REACH_OWN, loop_web_chat, "Chat completion; with chat_id and id the chat is the consumer"),
    LOOP(POST, "/openai/chat/completions", MAY_MEMBERS, REACH_OWN, loop_web_chat, "The same"),
    LOOP(POST, "/api/embeddings", MAY_MEMBERS, REACH_OWN, loop_web_embeddings, "Embeddings"),
    LOOP(POST, "/api/tasks/stop/{id}", MAY_MEMBERS, REACH_OWN, loop_task_stop, "Stop a running answer"),
    LOOP(GET, "/api/tasks/chat/{id}", MAY_MEMBERS, REACH_OWN, loop_task_list, "Running answers of a chat"),
    LOOP(GET, "/api/v1/chats/{id}/live", MAY_MEMBERS, REACH_OWN, loop_chat_live, "Join running answers of a chat"),
    LOOP(GET, "/api/v1/events", MAY_EVERYONE, REACH_OWN, loop_events, "Events of this person"),

    /* chats */
    ROW(GET, "/api/v1/chats", MAY_MEMBERS, REACH_OWN, chats_list, "Own chats"),
    ROW(GET, "/api/v1/chats/list", MAY_MEMBERS, REACH_OWN, chats_list, "Own chats"),
    ROW(DELETE, "/api/v1/chats", MAY_MEMBERS, REACH_OWN, chats_delete_all, "Delete all own chats"),
    ROW(GET, "/api/v1/chats/search", MAY_MEMBERS, REACH_OWN, chats_search, "Search own chats"),
    ROW(GET, "/api/v1/chats/archived", MAY_MEMBERS, REACH_OWN, chats_archived, "Archived chats"),
    BIG(POST, "/api/v1/chats/new", MAY_MEMBERS, REACH_OWN, chats_new, CHAT_BYTES, "New chat"),
    ROW(GET, "/api/v1/chats/{id}", MAY_MEMBERS, REACH_OWN, chats_get, "A chat"),
    BIG(POST, "/api/v1/chats/{id}", MAY_MEMBERS, REACH_OWN, chats_update, CHAT_BYTES, "Change a chat"),
    ROW(DELETE, "/api/v1/chats/{id}", MAY_MEMBERS, REACH_OWN, chats_delete, "Delete a chat"),
    ROW(POST, "/api/v1/chats/{id}/pin", MAY_MEMBERS, REACH_OWN, chats_pin, "Pin or unpin"),
    ROW(POST, "/api/v1/chats/{id}/archive", MAY_MEMBERS, REACH_OWN, chats_archive, "Archive or bring back"),
    BIG(POST, "/api/v1/chats/{id}/messages/{mid}", MAY_MEMBERS, REACH_OWN, chats_edit_message, CHAT_BYTES, "Edit a message in place"),

    /* usage */
    ROW(GET, CO "/usage/my-organization", MAY_MEMBERS, REACH_ORGANIZATION, usage_mine, "Usage of the organization (an employee: own)"),
    ROW(GET, CO "/usage/my-organization/today", MAY_MEMBERS, REACH_ORGANIZATION, usage_mine_today, "Today"),
    ROW(GET, CO "/usage/by-user/{org}", MAY_MEMBERS | MAY_PROVIDER, REACH_ORGANIZATION, usage_per_user, "By user"),
    ROW(GET, CO "/usage/by-model/{org}", MAY_MEMBERS | MAY_PROVIDER, REACH_ORGANIZATION, usage_per_model, "By model"),
    ROW(GET, CO "/usage/daily/{org}", MAY_MEMBERS | MAY_PROVIDER, REACH_ORGANIZATION, usage_daily, "By day"),
    ROW(GET, CO "/usage/export", MAY_MEMBERS | MAY_PROVIDER, REACH_ORGANIZATION, usage_export, "Export as JSON or CSV"),
    LOOP(GET, CO "/usage/live", MAY_MEMBERS | MAY_PROVIDER, REACH_ORGANIZATION, loop_usage_live, "Live figures"),

    /* provider */
    ROW(GET, CO "/settings", MAY_PROVIDER, REACH_PROVIDER, provider_settings_get, "Provider's settings"),
    ROW(POST, CO "/settings", MAY_PROVIDER, REACH_PROVIDER, provider_settings_set, "Change them"),
    ROW(GET, CO "/clients", MAY_PROVIDER, REACH_PROVIDER, clients_list, "Clients"),
    ROW(POST, CO "/clients", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, clients_create, "Create a client with its key"),
    ROW(GET, CO "/clients/{id}", MAY_PROVIDER, REACH_PROVIDER, clients_get, "A client"),
    ROW(PATCH, CO "/clients/{id}", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, clients_change, "Change a client"),
    ROW(DELETE, CO "/clients/{id}", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, clients_delete, "Delete a client"),
    ROW(POST, CO "/clients/{id}/disable", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, clients_disable, "Disable a client and its key"),
    ROW(POST, CO "/clients/{id}/enable", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, clients_enable, "Enable it"),
    ROW(POST, CO "/clients/{id}/rotate", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, clients_rotate, "New key; it works before the old one goes"),
    ROW(POST, CO "/clients/{id}/approve-key", MAY_PROVIDER, REACH_PROVIDER, clients_approve_key, "Approve a key that waits"),
    ROW(GET, CO "/user-mappings", MAY_PROVIDER, REACH_PROVIDER, provider_mappings, "External users"),
    ROW(GET, CO "/usage/billing", MAY_PROVIDER, REACH_PROVIDER, provider_billing, "Billing of all clients"),
    ROW(GET, CO "/usage/summary", MAY_PROVIDER, REACH_PROVIDER, provider_summary, "Summary"),
    ROW(GET, CO "/usage/today", MAY_PROVIDER, REACH_PROVIDER, provider_today, "Today of a client or all"),
    ROW(GET, CO "/system", MAY_PROVIDER | CALLS_OPENROUTER, REACH_PROVIDER, provider_system, "Version, supplier, storage"),
};
const size_t api_route_count = sizeof api_routes / sizeof api_routes[0];
