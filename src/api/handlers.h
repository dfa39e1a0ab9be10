/* The handlers behind routes.c, by file: one file per resource. */
#ifndef MAI_API_HANDLERS_H
#define MAI_API_HANDLERS_H

#include "api/live_stream.h"

/* system.c */
status health_db(struct api_call *c);
status version_get(struct api_call *c);
status config_get(struct api_call *c);
status openapi_get(struct api_call *c);
/* auths.c */
status auth_signin(struct api_call *c);
status auth_signup(struct api_call *c);
status auth_session(struct api_call *c);
status auth_signout(struct api_call *c);
status auth_update_profile(struct api_call *c);
status auth_update_password(struct api_call *c);
status auth_sessions(struct api_call *c);
status auth_sessions_end_others(struct api_call *c);
status auth_session_end(struct api_call *c);
/* api_keys.c */
status api_keys_list(struct api_call *c);
status api_keys_create(struct api_call *c);
status api_keys_revoke(struct api_call *c);
status api_key_newest(struct api_call *c);
status api_key_renew(struct api_call *c);
status api_key_drop(struct api_call *c);
/* users.c */
status auth_add(struct api_call *c);
status users_list(struct api_call *c);
status users_get(struct api_call *c);
status users_update(struct api_call *c);
status users_disable(struct api_call *c);
status users_enable(struct api_call *c);
status users_reset(struct api_call *c);
status users_delete(struct api_call *c);
status user_settings_get(struct api_call *c);
status user_settings_update(struct api_call *c);
/* invitations.c */
status invitations_list(struct api_call *c);
status invitations_create(struct api_call *c);
status invitations_delete(struct api_call *c);
status invitations_by_token(struct api_call *c);
/* connections.c */
status connections_get(struct api_call *c);
status connections_update(struct api_call *c);
status connections_verify(struct api_call *c);
status connections_waiting(struct api_call *c);
status connections_approve(struct api_call *c);
/* models.c */
status models_list(struct api_call *c);
status models_list_openai(struct api_call *c);
/* chats.c */
status chats_list(struct api_call *c);
status chats_delete_all(struct api_call *c);
status chats_search(struct api_call *c);
status chats_archived(struct api_call *c);
status chats_new(struct api_call *c);
status chats_get(struct api_call *c);
status chats_update(struct api_call *c);
status chats_delete(struct api_call *c);
status chats_pin(struct api_call *c);
status chats_archive(struct api_call *c);
status chats_edit_message(struct api_call *c);
/* usage.c, usage_export.c */
status usage_mine(struct api_call *c);
status usage_mine_today(struct api_call *c);
status usage_per_user(struct api_call *c);
status usage_per_model(struct api_call *c);
status usage_daily(struct api_call *c);
status usage_export(struct api_call *c);
/* provider.c, clients.c */
status provider_settings_get(struct api_call *c);
status provider_settings_set(struct api_call *c);
status clients_list(struct api_call *c);
status clients_create(struct api_call *c);
status clients_get(struct api_call *c);
status clients_change(struct api_call *c);
status clients_delete(struct api_call *c);
status clients_disable(struct api_call *c);
status clients_enable(struct api_call *c);
status clients_rotate(struct api_call *c);
status clients_approve_key(struct api_call *c);
status provider_mappings(struct api_call *c);
status provider_billing(struct api_call *c);
status provider_summary(struct api_call *c);
status provider_today(struct api_call *c);
status provider_system(struct api_call *c);
/* on the loop: completions.c, answers.c, events.c */
api_loop_handler loop_health;
api_loop_handler loop_v1_chat;
api_loop_handler loop_v1_embeddings;
api_loop_handler loop_web_chat;
api_loop_handler loop_web_embeddings;
api_loop_handler loop_task_stop;
api_loop_handler loop_task_list;
api_loop_handler loop_chat_live;
api_loop_handler loop_events;
api_loop_handler loop_usage_live;

/* usage.c: {"type":"usage","stats":{today, this_month}} for this caller (a provider: totals of all clients) */
live_read usage_live;

#endif
