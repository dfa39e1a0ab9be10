-- Statements of tenancy: organizations, people, sessions, API keys, invitations, supplier keys, settings.
-- Tables: src/store/sqlite/migrations/0001_tenancy.sql; `generations` is the ledger's.

-- ==== organizations ====

-- name: organization_insert
-- scope: organization
INSERT INTO organizations (id, name, name_folded, is_name_own, markup_ppm, monthly_limit, limit_changed_ms,
    limit_reset, timezone, currency, billing_email, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12);

-- name: organization_by_id
-- scope: organization
SELECT id, name, markup_ppm, monthly_limit, limit_source, limit_changed_ms, limit_reset, openrouter_limit,
    openrouter_limit_seen_ms, timezone, currency, api_access, allow_extras, deny_data_collection,
    zero_data_retention, billing_email, disabled_ms, created_ms, updated_ms
FROM organizations WHERE id = $1 AND deleted_ms IS NULL;

-- name: organization_has_member
-- scope: organization
SELECT COUNT(*) FROM users WHERE organization_id = $1 AND id = $2 AND deleted_ms IS NULL;

-- name: client_by_id
-- scope: provider a provider reads any client by its id
SELECT o.id, o.name, o.markup_ppm, o.monthly_limit, o.limit_source, o.limit_changed_ms, o.limit_reset,
    o.openrouter_limit, o.openrouter_limit_seen_ms, o.timezone, o.currency, o.api_access, o.allow_extras,
    o.deny_data_collection, o.zero_data_retention, o.billing_email, o.disabled_ms, o.created_ms, o.updated_ms,
    k.state, k.hash, k.last4,
    (SELECT COUNT(*) FROM users u WHERE u.organization_id = o.id AND u.deleted_ms IS NULL),
    (SELECT MAX(u.last_active_ms) FROM users u WHERE u.organization_id = o.id AND u.deleted_ms IS NULL)
FROM organizations o LEFT JOIN supplier_keys k ON k.id = (
    SELECT s.id FROM supplier_keys s WHERE s.organization_id = o.id AND s.state <> 'retired'
    ORDER BY s.is_current DESC, s.created_ms DESC, s.id DESC LIMIT 1)
WHERE o.id = $1 AND o.deleted_ms IS NULL;

-- name: client_ids_by_name
-- scope: provider a provider finds any client by its name
SELECT id FROM organizations WHERE name_folded = $1 AND deleted_ms IS NULL ORDER BY created_ms, id LIMIT 20;

-- name: client_list
-- scope: provider a provider lists all clients
SELECT o.id, o.name, o.markup_ppm, o.monthly_limit, o.limit_source, o.limit_changed_ms, o.limit_reset,
    o.openrouter_limit, o.openrouter_limit_seen_ms, o.timezone, o.currency, o.api_access, o.allow_extras,
    o.deny_data_collection, o.zero_data_retention, o.billing_email, o.disabled_ms, o.created_ms, o.updated_ms,
    k.state, k.hash, k.last4,
    (SELECT COUNT(*) FROM users u WHERE u.organization_id = o.id AND u.deleted_ms IS NULL),
    (SELECT MAX(u.last_active_ms) FROM users u WHERE u.organization_id = o.id AND u.deleted_ms IS NULL)
FROM organizations o LEFT JOIN supplier_keys k ON k.id = (
    SELECT s.id FROM supplier_keys s WHERE s.organization_id = o.id AND s.state <> 'retired'
    ORDER BY s.is_current DESC, s.created_ms DESC, s.id DESC LIMIT 1)
WHERE o.deleted_ms IS NULL AND o.name_folded LIKE $1 ESCAPE '\'
ORDER BY o.name_folded, o.id LIMIT $2 OFFSET $3;

-- name: client_count
-- scope: provider a provider counts all clients
SELECT COUNT(*) FROM organizations WHERE deleted_ms IS NULL AND name_folded LIKE $1 ESCAPE '\';

-- name: organization_count
-- scope: system sign-up depends on how many there are
SELECT COUNT(*) FROM organizations WHERE deleted_ms IS NULL;

-- name: organization_oldest
-- scope: system sign-up and the first admin go to the oldest
SELECT id FROM organizations WHERE deleted_ms IS NULL ORDER BY created_ms, id LIMIT 1;

-- name: organization_write
-- scope: organization
UPDATE organizations SET name = $2, name_folded = $3,
    is_name_own = CASE WHEN $17 = 1 THEN 1 ELSE is_name_own END, markup_ppm = $4, monthly_limit = $5,
    limit_source = $6, limit_changed_ms = $7, limit_reset = $8, timezone = $9, currency = $10, api_access = $11,
    allow_extras = $12, deny_data_collection = $13, zero_data_retention = $14, billing_email = $15,
    updated_ms = $16
WHERE id = $1 AND deleted_ms IS NULL;

-- name: organization_name_after_key
-- scope: organization
UPDATE organizations SET name = $2, name_folded = $3, is_name_own = 1, updated_ms = $4
WHERE id = $1 AND is_name_own = 0 AND deleted_ms IS NULL;

-- name: organization_disable
-- scope: organization
UPDATE organizations SET disabled_ms = COALESCE(disabled_ms, $2), updated_ms = $2
WHERE id = $1 AND deleted_ms IS NULL;

-- name: organization_enable
-- scope: organization
UPDATE organizations SET disabled_ms = NULL, updated_ms = $2 WHERE id = $1 AND deleted_ms IS NULL;

-- name: organization_bury
-- scope: organization
UPDATE organizations SET deleted_ms = $2, updated_ms = $2, billing_email = NULL
WHERE id = $1 AND deleted_ms IS NULL;

-- name: organization_people
-- scope: organization
SELECT id FROM users WHERE organization_id = $1 AND deleted_ms IS NULL;

-- name: organization_invitations_delete
-- scope: organization
DELETE FROM invitations WHERE organization_id = $1;

-- name: organization_keys_retire
-- scope: organization
UPDATE supplier_keys SET state = 'retired', is_current = 0, retired_ms = $2, next_check_ms = NULL
WHERE organization_id = $1 AND (is_current = 1 OR state = 'expected');

-- name: organization_candidates_delete
-- scope: organization
DELETE FROM supplier_keys
WHERE organization_id = $1 AND is_current = 0 AND state NOT IN ('expected', 'retired');

-- name: organization_read_limit
-- scope: organization
UPDATE organizations SET openrouter_limit = $2, openrouter_limit_seen_ms = $3, limit_reset = $4
WHERE id = $1 AND deleted_ms IS NULL;

-- name: organization_adopt_limit
-- scope: organization
UPDATE organizations SET monthly_limit = $2, limit_source = 'openrouter', limit_changed_ms = $3, updated_ms = $3
WHERE id = $1 AND deleted_ms IS NULL;

-- ==== people ====

-- name: user_insert
-- scope: organization
INSERT INTO users (id, organization_id, email, email_folded, name, name_folded, role, password_hash,
    must_change_password, external_user, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11);

-- name: user_any
-- scope: system the first account on the web is special
SELECT COUNT(*) FROM (SELECT id FROM users LIMIT 1) AS one;

-- name: user_by_id
-- scope: organization
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms, password_hash
FROM users WHERE id = $1 AND organization_id = $2 AND deleted_ms IS NULL;

-- name: user_own
-- scope: system the own account of a signed-in person, who may be of no organization
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms, password_hash
FROM users WHERE id = $1 AND deleted_ms IS NULL;

-- name: user_anywhere
-- scope: provider the host administers everybody
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms, password_hash
FROM users WHERE id = $1 AND deleted_ms IS NULL;

-- name: user_by_email
-- scope: system signing in, and the host's commands, begin with an address
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms, password_hash
FROM users WHERE email_folded = $1 AND deleted_ms IS NULL;

-- name: user_write
-- scope: organization
UPDATE users SET name = $3, name_folded = $4, email = $5, email_folded = $6, role = $7, profile_image_url = $8,
    locale = $9, disabled_ms = $10, must_change_password = $11, password_hash = $12, updated_ms = $13
WHERE id = $1 AND COALESCE(organization_id, '') = $2 AND deleted_ms IS NULL;

-- name: user_other_admins
-- scope: organization
SELECT COUNT(*) FROM users WHERE organization_id = $1 AND id <> $2 AND role = 'admin' AND disabled_ms IS NULL
    AND deleted_ms IS NULL;

-- name: user_admins
-- scope: organization
SELECT COUNT(*) FROM users WHERE organization_id = $1 AND role = 'admin' AND deleted_ms IS NULL;

-- name: user_others
-- scope: organization
SELECT COUNT(*) FROM users WHERE organization_id = $1 AND id <> $2 AND deleted_ms IS NULL;

-- name: user_count
-- scope: organization
SELECT COUNT(*) FROM users WHERE organization_id = $1 AND deleted_ms IS NULL
    AND (name_folded LIKE $2 ESCAPE '\' OR email_folded LIKE $3 ESCAPE '\');

-- name: user_list
-- scope: organization
-- $4 says by what, $5 whether descending; ties by id, so that pages never overlap.
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms
FROM users WHERE organization_id = $1 AND deleted_ms IS NULL
    AND (name_folded LIKE $2 ESCAPE '\' OR email_folded LIKE $3 ESCAPE '\')
ORDER BY
    CASE WHEN $5 = 0 THEN CASE $4 WHEN 0 THEN name_folded WHEN 1 THEN email_folded WHEN 2 THEN role END END,
    CASE WHEN $5 = 1 THEN CASE $4 WHEN 0 THEN name_folded WHEN 1 THEN email_folded WHEN 2 THEN role END END DESC,
    CASE WHEN $5 = 0 THEN CASE $4 WHEN 3 THEN created_ms WHEN 4 THEN COALESCE(last_active_ms, 0) END END,
    CASE WHEN $5 = 1 THEN CASE $4 WHEN 3 THEN created_ms WHEN 4 THEN COALESCE(last_active_ms, 0) END END DESC,
    id
LIMIT $6 OFFSET $7;

-- name: user_list_anywhere
-- scope: provider the host lists everybody
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms
FROM users WHERE deleted_ms IS NULL ORDER BY email_folded, id;

-- name: user_list_organization
-- scope: organization
SELECT id, organization_id, name, email, role, profile_image_url, locale, disabled_ms, must_change_password,
    external_user, external_state, last_active_ms, created_ms, updated_ms
FROM users WHERE organization_id = $1 AND deleted_ms IS NULL ORDER BY email_folded, id;

-- name: user_bury
-- scope: organization
-- P5: what is personal goes, what the books point at stays.
UPDATE users SET email = NULL, email_folded = NULL, name = NULL, name_folded = NULL, password_hash = '',
    must_change_password = 0, profile_image_url = NULL, locale = NULL, settings_json = '{}', last_active_ms = NULL,
    deleted_ms = $3, updated_ms = $3
WHERE id = $1 AND COALESCE(organization_id, '') = $2 AND deleted_ms IS NULL;

-- name: user_api_keys_end
-- scope: organization
UPDATE api_keys SET revoked_ms = COALESCE(revoked_ms, $3), name = '' WHERE user_id = $1 AND organization_id = $2;

-- name: user_invitations_forget
-- scope: organization
UPDATE invitations SET email = NULL, email_folded = NULL WHERE used_by = $1 AND organization_id = $2;

-- name: user_settings
-- scope: system the own account of a signed-in person, who may be of no organization
SELECT settings_json FROM users WHERE id = $1 AND deleted_ms IS NULL;

-- name: user_settings_write
-- scope: system the own account of a signed-in person, who may be of no organization
UPDATE users SET settings_json = $2 WHERE id = $1 AND deleted_ms IS NULL;

-- name: user_rehash
-- scope: system the own account of a signed-in person, who may be of no organization
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND deleted_ms IS NULL;

-- name: user_seen
-- scope: system the own account of a signed-in person, who may be of no organization
UPDATE users SET last_active_ms = $2 WHERE id = $1 AND deleted_ms IS NULL;

-- name: user_move
-- scope: organization
UPDATE users SET organization_id = $3, role = $4, updated_ms = $5
WHERE id = $1 AND organization_id = $2 AND deleted_ms IS NULL;

-- name: user_move_api_keys
-- scope: organization
UPDATE api_keys SET organization_id = $3 WHERE user_id = $1 AND organization_id = $2;

-- ==== web sessions ====

-- name: session_insert
-- scope: user
INSERT INTO web_sessions (id, token_hash, user_id, created_ms, last_seen_ms, expires_ms, user_agent, address)
VALUES ($1, $2, $3, $4, $4, $5, $6, $7);

-- name: session_list
-- scope: user
SELECT id, user_agent, address, created_ms, last_seen_ms, expires_ms FROM web_sessions
WHERE user_id = $1 AND expires_ms > $2 AND last_seen_ms > $3 ORDER BY created_ms DESC, id DESC;

-- name: session_touch
-- scope: user
UPDATE web_sessions SET last_seen_ms = $3 WHERE id = $1 AND user_id = $2 AND last_seen_ms <= $4;

-- name: session_end
-- scope: user
DELETE FROM web_sessions WHERE id = $1 AND user_id = $2;

-- name: session_end_others
-- scope: user
DELETE FROM web_sessions WHERE user_id = $1 AND id <> $2;

-- name: session_clear
-- scope: user
-- Ended ones, and the oldest above the maximum.
DELETE FROM web_sessions WHERE user_id = $1 AND (expires_ms <= $2 OR last_seen_ms <= $3 OR id IN (
    SELECT id FROM web_sessions WHERE user_id = $1 ORDER BY last_seen_ms DESC, id DESC LIMIT 1000 OFFSET $4));

-- name: session_sweep
-- scope: system everybody's ended sessions
DELETE FROM web_sessions WHERE expires_ms <= $1 OR last_seen_ms <= $2;

-- ==== API keys ====

-- name: api_key_insert
-- scope: organization
INSERT INTO api_keys (id, token_hash, last4, name, user_id, organization_id, created_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: api_key_count
-- scope: organization
SELECT COUNT(*) FROM api_keys WHERE organization_id = $1 AND user_id = $2 AND revoked_ms IS NULL;

-- name: api_key_list
-- scope: organization
SELECT id, name, last4, created_ms, last_used_ms FROM api_keys
WHERE organization_id = $1 AND user_id = $2 AND revoked_ms IS NULL ORDER BY created_ms DESC, id DESC;

-- name: api_key_revoke
-- scope: organization
UPDATE api_keys SET revoked_ms = $4
WHERE id = $1 AND organization_id = $2 AND user_id = $3 AND revoked_ms IS NULL;

-- name: api_key_touch
-- scope: organization
UPDATE api_keys SET last_used_ms = $4
WHERE id = $1 AND organization_id = $2 AND user_id = $3 AND COALESCE(last_used_ms, 0) <= $5;

-- ==== invitations ====

-- name: invitation_insert
-- scope: organization
INSERT INTO invitations (id, token_hash, organization_id, email, email_folded, role, created_by, created_ms,
    expires_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: invitation_list
-- scope: organization
SELECT id, email, role, created_ms, expires_ms, used_ms FROM invitations
WHERE organization_id = $1 ORDER BY created_ms DESC, id DESC LIMIT 500;

-- name: invitation_delete
-- scope: organization
DELETE FROM invitations WHERE id = $1 AND organization_id = $2;

-- name: invitation_by_token
-- scope: system the holder of the link is not known yet
SELECT i.id, i.organization_id, o.name, i.email, i.email_folded, i.role FROM invitations i
JOIN organizations o ON o.id = i.organization_id
WHERE i.token_hash = $1 AND i.used_ms IS NULL AND i.expires_ms > $2 AND o.deleted_ms IS NULL
    AND o.disabled_ms IS NULL;

-- name: invitation_use
-- scope: organization
UPDATE invitations SET used_ms = $3, used_by = $4 WHERE id = $1 AND organization_id = $2 AND used_ms IS NULL;

-- ==== principals ====

-- name: principal_by_session
-- scope: system the caller is known by the token alone
SELECT s.id, s.expires_ms, s.last_seen_ms, u.id, u.role, u.must_change_password, u.name, u.email, u.external_user,
    u.disabled_ms, o.id, o.name, o.disabled_ms, o.api_access, o.deny_data_collection, o.zero_data_retention,
    o.allow_extras, o.markup_ppm, o.timezone, k.id, k.hash, k.url, k.sealed
FROM web_sessions s JOIN users u ON u.id = s.user_id
LEFT JOIN organizations o ON o.id = u.organization_id
LEFT JOIN supplier_keys k ON k.organization_id = o.id AND k.is_current = 1 AND k.state = 'verified'
WHERE s.token_hash = $1 AND u.deleted_ms IS NULL AND o.deleted_ms IS NULL;

-- name: principal_by_api_key
-- scope: system the caller is known by the key alone
SELECT s.id, NULL, s.last_used_ms, u.id, u.role, u.must_change_password, u.name, u.email, u.external_user,
    u.disabled_ms, o.id, o.name, o.disabled_ms, o.api_access, o.deny_data_collection, o.zero_data_retention,
    o.allow_extras, o.markup_ppm, o.timezone, k.id, k.hash, k.url, k.sealed
FROM api_keys s JOIN users u ON u.id = s.user_id
JOIN organizations o ON o.id = u.organization_id AND o.id = s.organization_id
LEFT JOIN supplier_keys k ON k.organization_id = o.id AND k.is_current = 1 AND k.state = 'verified'
WHERE s.token_hash = $1 AND s.revoked_ms IS NULL AND u.deleted_ms IS NULL AND o.deleted_ms IS NULL;

-- ==== supplier keys ====

-- name: key_insert
-- scope: organization
INSERT INTO supplier_keys (id, hash, organization_id, url, sealed, last4, label, name, state, entered_by,
    is_rotation, next_check_ms, key_limit, key_limit_reset, created_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: key_list_shown
-- scope: organization
-- What was entered and is not over: at most a candidate and the key in use.
SELECT id, organization_id, hash, url, sealed, last4, label, name, state, reason, entered_by, is_current,
    is_rotation, checked_ms, checks, key_limit, key_limit_remaining, key_limit_reset, created_ms
FROM supplier_keys WHERE organization_id = $1 AND state NOT IN ('expected', 'retired')
ORDER BY is_current, created_ms DESC;

-- name: key_candidate
-- scope: system a check runs by the candidate's id; who may see the result is decided where it is read
SELECT id, organization_id, hash, url, sealed, last4, label, name, state, reason, entered_by, is_current,
    is_rotation, checked_ms, checks, key_limit, key_limit_remaining, key_limit_reset, created_ms
FROM supplier_keys WHERE id = $1 AND is_current = 0 AND state NOT IN ('expected', 'retired')
    AND sealed IS NOT NULL;

-- name: key_current
-- scope: organization
SELECT id, organization_id, hash, url, sealed, last4, label, name, state, reason, entered_by, is_current,
    is_rotation, checked_ms, checks, key_limit, key_limit_remaining, key_limit_reset, created_ms
FROM supplier_keys WHERE organization_id = $1 AND is_current = 1;

-- name: key_current_count
-- scope: organization
SELECT COUNT(*) FROM supplier_keys WHERE organization_id = $1 AND is_current = 1;

-- name: key_expected
-- scope: organization
SELECT id, organization_id, hash, url, sealed, last4, label, name, state, reason, entered_by, is_current,
    is_rotation, checked_ms, checks, key_limit, key_limit_remaining, key_limit_reset, created_ms
FROM supplier_keys WHERE organization_id = $1 AND state = 'expected' ORDER BY created_ms DESC LIMIT 1;

-- name: key_owner
-- scope: system key sync asks whose key this is; $2 is the organization to prefer among former owners
SELECT k.organization_id, o.disabled_ms,
    (SELECT COUNT(*) FROM users u WHERE u.organization_id = o.id AND u.role = 'admin' AND u.deleted_ms IS NULL)
FROM supplier_keys k JOIN organizations o ON o.id = k.organization_id
WHERE k.hash = $1 AND o.deleted_ms IS NULL AND (k.is_current = 1 OR k.state IN ('expected', 'retired'))
ORDER BY CASE WHEN k.is_current = 1 OR k.state = 'expected' THEN 0 WHEN k.organization_id = $2 THEN 1 ELSE 2 END,
    k.retired_ms DESC, k.id LIMIT 1;

-- name: key_holders
-- scope: organization
-- What ties an organization down: keys in use, expected or once used; calls.
SELECT (SELECT COUNT(*) FROM supplier_keys k WHERE k.organization_id = $1
        AND (k.is_current = 1 OR k.state IN ('expected', 'retired')))
    + (SELECT COUNT(*) FROM (SELECT g.id FROM generations g WHERE g.organization_id = $1 LIMIT 1) AS one);

-- name: key_recheck
-- scope: organization
UPDATE supplier_keys SET state = 'checking', reason = NULL, checks = 0, next_check_ms = $3, entered_by = $4
WHERE id = $1 AND organization_id = $2 AND is_current = 0;

-- name: key_judge
-- scope: organization
UPDATE supplier_keys SET state = $3, reason = $4, checked_ms = $5, next_check_ms = $6, checks = $7,
    label = COALESCE($8, label), name = COALESCE($9, name), key_limit = $10, key_limit_remaining = $11,
    key_limit_reset = $12
WHERE id = $1 AND organization_id = $2 AND is_current = 0;

-- name: key_delete
-- scope: organization
DELETE FROM supplier_keys WHERE id = $1 AND organization_id = $2;

-- name: key_expected_forget
-- scope: organization
DELETE FROM supplier_keys WHERE hash = $1 AND organization_id = $2 AND state = 'expected';

-- name: key_same_forget
-- scope: organization
-- The row of the same key that the new row replaces.
DELETE FROM supplier_keys WHERE hash = $1 AND organization_id = $2 AND is_current = 1 AND id <> $3;

-- name: key_retire_current
-- scope: organization
UPDATE supplier_keys SET state = 'retired', is_current = 0, retired_ms = $2, next_check_ms = NULL
WHERE organization_id = $1 AND is_current = 1;

-- name: key_retire_expected
-- scope: organization
UPDATE supplier_keys SET state = 'retired', retired_ms = $2 WHERE organization_id = $1 AND state = 'expected';

-- name: key_use
-- scope: organization
UPDATE supplier_keys SET state = 'verified', is_current = 1, is_rotation = 0, reason = NULL, next_check_ms = NULL
WHERE id = $1 AND organization_id = $2;

-- name: key_reassign
-- scope: organization
UPDATE supplier_keys SET organization_id = $3, sealed = $4 WHERE id = $1 AND organization_id = $2;

-- name: key_due
-- scope: system the checks of all organizations
SELECT id FROM supplier_keys WHERE next_check_ms IS NOT NULL AND next_check_ms <= $1 AND sealed IS NOT NULL
ORDER BY next_check_ms LIMIT $2;

-- name: key_waiting_for
-- scope: organization
SELECT w.hash, w.last4, o.id, o.name, w.organization_id, u.name, u.email, w.created_ms
FROM supplier_keys w
JOIN organizations o ON o.id = $1
JOIN users u ON u.id = w.entered_by
WHERE w.state = 'awaiting approval' AND w.organization_id <> $1 AND u.deleted_ms IS NULL
    AND EXISTS (SELECT 1 FROM supplier_keys k WHERE k.hash = w.hash AND k.organization_id = $1
        AND (k.is_current = 1 OR k.state IN ('expected', 'retired')))
ORDER BY w.created_ms, w.id LIMIT 100;

-- name: key_waiting
-- scope: provider a provider sees everybody who waits
SELECT w.hash, w.last4, o.id, o.name, w.organization_id, u.name, u.email, w.created_ms
FROM supplier_keys w
JOIN organizations o ON o.id <> w.organization_id AND o.deleted_ms IS NULL AND o.id IN (
    SELECT k.organization_id FROM supplier_keys k
    WHERE k.hash = w.hash AND (k.is_current = 1 OR k.state IN ('expected', 'retired')))
JOIN users u ON u.id = w.entered_by
WHERE w.state = 'awaiting approval' AND u.deleted_ms IS NULL
ORDER BY w.created_ms, w.id LIMIT 500;

-- name: key_waiting_row
-- scope: provider the provider, or the admin of $2, approves; $2 is either side, which the caller has checked
SELECT w.id FROM supplier_keys w
WHERE w.hash = $1 AND w.state = 'awaiting approval' AND (w.organization_id = $2 OR EXISTS (
    SELECT 1 FROM supplier_keys k WHERE k.hash = w.hash AND k.organization_id = $2
        AND (k.is_current = 1 OR k.state IN ('expected', 'retired'))))
ORDER BY w.created_ms, w.id LIMIT 1;

-- name: key_waiting_row_of_owner
-- scope: organization
SELECT w.id FROM supplier_keys w
WHERE w.hash = $1 AND w.state = 'awaiting approval' AND w.organization_id <> $2 AND EXISTS (
    SELECT 1 FROM supplier_keys k WHERE k.hash = w.hash AND k.organization_id = $2
        AND (k.is_current = 1 OR k.state IN ('expected', 'retired')))
ORDER BY w.created_ms, w.id LIMIT 1;

-- name: key_hashes
-- scope: organization
SELECT hash FROM supplier_keys WHERE organization_id = $1 AND (is_current = 1 OR state = 'expected')
ORDER BY is_current DESC, created_ms DESC;

-- name: key_sealed
-- scope: organization
SELECT id, sealed FROM supplier_keys WHERE organization_id = $1 AND hash = $2 AND sealed IS NOT NULL
ORDER BY is_current DESC, created_ms DESC LIMIT 1;

-- name: key_forget_retired
-- scope: system clears away what no call of any organization needs any more
UPDATE supplier_keys SET sealed = NULL
WHERE state = 'retired' AND sealed IS NOT NULL AND retired_ms <= $1 AND NOT EXISTS (
    SELECT 1 FROM generations g WHERE g.organization_id = supplier_keys.organization_id
        AND g.key_hash = supplier_keys.hash AND (g.state <= 1 OR g.next_check_ms IS NOT NULL));

-- name: key_limits_due
-- scope: system the limits of all organizations are read back
SELECT k.organization_id FROM supplier_keys k JOIN organizations o ON o.id = k.organization_id
WHERE k.is_current = 1 AND k.limit_read_ms <= $1 AND o.deleted_ms IS NULL ORDER BY k.limit_read_ms LIMIT $2;

-- name: key_limits_note
-- scope: organization
UPDATE supplier_keys SET key_limit = $3, key_limit_remaining = $4, key_limit_reset = $5, limit_read_ms = $6,
    checked_ms = $6
WHERE organization_id = $1 AND hash = $2 AND is_current = 1;

-- name: key_limits_failed
-- scope: organization
UPDATE supplier_keys SET limit_read_ms = $3 WHERE organization_id = $1 AND hash = $2 AND is_current = 1;

-- name: key_current_judge
-- scope: organization
UPDATE supplier_keys SET state = $3, reason = $4 WHERE organization_id = $1 AND hash = $2 AND is_current = 1
    AND state <> $3;

-- ==== learning ====

-- name: learning_is_due
-- scope: system learning follows any person's settled call
SELECT COUNT(*) FROM users WHERE id = $1 AND external_state = 'assigned' AND deleted_ms IS NULL
    AND organization_id IS NOT NULL AND COALESCE(external_checked_ms, 0) <= $2;

-- name: learning_due
-- scope: system learning asks about everybody who is not learned yet
SELECT u.id, u.organization_id, g.generation_id, g.key_hash
FROM users u JOIN generations g ON g.id = (
    SELECT x.id FROM generations x WHERE x.organization_id = u.organization_id AND x.user_id = u.id
        AND x.state IN (2, 3) AND x.generation_id IS NOT NULL AND x.corrects IS NULL
    ORDER BY x.created_ms DESC LIMIT 1)
WHERE u.external_state = 'assigned' AND u.deleted_ms IS NULL AND u.organization_id IS NOT NULL
    AND COALESCE(u.external_checked_ms, 0) <= $1
ORDER BY COALESCE(u.external_checked_ms, 0), u.id LIMIT $2;

-- name: learning_learned
-- scope: system learning follows any person's settled call
UPDATE users SET external_state = 'learned', external_reported = $2, external_learned_ms = $3,
    external_checked_ms = $3
WHERE id = $1 AND external_state = 'assigned' AND deleted_ms IS NULL AND organization_id IS NOT NULL;

-- name: learning_asked
-- scope: system learning follows any person's settled call
UPDATE users SET external_checked_ms = $2
WHERE id = $1 AND external_state = 'assigned' AND deleted_ms IS NULL AND organization_id IS NOT NULL;

-- name: learning_external
-- scope: system the log line names the pseudonym
SELECT external_user, organization_id FROM users WHERE id = $1;

-- name: user_mappings
-- scope: provider a provider sees all pseudonyms
SELECT id, organization_id, external_user, external_state, disabled_ms, created_ms, updated_ms
FROM users WHERE organization_id IS NOT NULL AND deleted_ms IS NULL ORDER BY created_ms, id;

-- ==== settings of the installation ====

-- name: setting_read
-- scope: system settings belong to the installation, not to a tenant
SELECT value, updated_ms FROM settings WHERE key = $1;

-- name: setting_write
-- scope: system settings belong to the installation, not to a tenant
INSERT INTO settings (key, value, updated_ms) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms;

-- name: setting_delete
-- scope: system settings belong to the installation, not to a tenant
DELETE FROM settings WHERE key = $1;
