-- Statements of the ledger. Tables: 0002_ledger.sql; names come from tenancy's organizations and users.

-- ---- the life of a row ----

-- name: generation_insert
-- scope: organization
INSERT INTO generations (id, organization_id, user_id, api_key_id, key_hash, chat_id, purpose, model, state,
    is_stream, markup_ppm, reserved, delivered_tokens, checks, created_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, 0, 0, $12);

-- name: generation_row
-- scope: system a call is continued by whoever holds its id: the gateway and the settler
SELECT organization_id, user_id, model, key_hash, provider, state, generation_id, markup_ppm, reserved, created_ms,
    prompt_tokens, completion_tokens, cost, billed, delivered_tokens, checks, next_check_ms, corrects
FROM generations WHERE id = $1;

-- name: generation_identify
-- scope: system a call is continued by whoever holds its id: the gateway and the settler
UPDATE generations SET generation_id = $2 WHERE id = $1 AND generation_id IS NULL;

-- name: generation_end
-- scope: system a call is continued by whoever holds its id: the gateway and the settler
UPDATE generations SET state = $2, generation_id = COALESCE(generation_id, $17), served_model = COALESCE($3, served_model), provider = COALESCE($4, provider),
    prompt_tokens = $5, completion_tokens = $6, cost = $7, cost_text = COALESCE($8, cost_text), billed = $9,
    source = COALESCE($10, source), usage_json = COALESCE($11, usage_json), error = COALESCE($12, error),
    delivered_tokens = $13, checks = $14, next_check_ms = $15, settled_ms = $16
WHERE id = $1 AND state <= 1;

-- name: generation_correction
-- scope: organization
INSERT INTO generations (id, generation_id, organization_id, user_id, key_hash, purpose, model, served_model, provider,
    state, is_stream, prompt_tokens, completion_tokens, cost, cost_text, markup_ppm, billed, reserved, source,
    usage_json, corrects, delivered_tokens, checks, created_ms, settled_ms)
SELECT $1, o.generation_id, o.organization_id, o.user_id, o.key_hash, o.purpose, o.model, $3, o.provider,
    2, o.is_stream, $4, $5, $6, $7, o.markup_ppm, $8, 0, $9, $10, o.id, 0, 0, o.created_ms, $11
FROM generations o WHERE o.id = $2 AND o.organization_id = $12;

-- name: generation_corrections
-- scope: system the corrections of one row, found by the row they correct
SELECT prompt_tokens, completion_tokens, cost, billed FROM generations WHERE corrects = $1;

-- name: generation_settled_for_good
-- scope: system a call is continued by whoever holds its id: the gateway and the settler
UPDATE generations SET next_check_ms = NULL WHERE id = $1 AND next_check_ms IS NOT NULL;

-- name: generation_next_check
-- scope: system a call is continued by whoever holds its id: the gateway and the settler
UPDATE generations SET checks = $2, next_check_ms = $3 WHERE id = $1;

-- name: generation_due
-- scope: system the settler asks for the truth of every client's calls
SELECT g.id, g.generation_id, g.organization_id, g.user_id, g.key_hash, g.model, u.external_user, g.created_ms,
    g.checks, g.delivered_tokens, g.prompt_tokens, g.completion_tokens
FROM generations g LEFT JOIN users u ON u.id = g.user_id
WHERE g.state = $1 AND g.next_check_ms IS NOT NULL AND g.next_check_ms <= $2
ORDER BY g.next_check_ms LIMIT $3;

-- name: generation_recover
-- scope: system a start finds what any client's calls left open
UPDATE generations SET state = 1, next_check_ms = $1 WHERE state <= 1 AND state = 0;

-- ---- sums ----

-- No sum of money may wrap: a step that would is not taken (no row changed). The totals are the larger numbers and are
-- never below zero, so asking here is enough for the rollups too.
-- name: rollup_total_add
-- scope: organization
INSERT INTO rollup_totals (organization_id, slot, requests, prompt_tokens, completion_tokens, cost, billed)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (organization_id, slot) DO UPDATE SET
    requests = rollup_totals.requests + excluded.requests,
    prompt_tokens = rollup_totals.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = rollup_totals.completion_tokens + excluded.completion_tokens,
    cost = rollup_totals.cost + excluded.cost,
    billed = rollup_totals.billed + excluded.billed
WHERE rollup_totals.cost <= 9223372036854775807 - CASE WHEN excluded.cost > 0 THEN excluded.cost ELSE 0 END
  AND rollup_totals.billed <= 9223372036854775807 - CASE WHEN excluded.billed > 0 THEN excluded.billed ELSE 0 END;

-- name: rollup_add
-- scope: organization
INSERT INTO rollups (organization_id, user_id, slot, model, key_hash, provider, requests, prompt_tokens,
    completion_tokens, cost, billed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (organization_id, user_id, slot, model, key_hash, provider) DO UPDATE SET
    requests = rollups.requests + excluded.requests,
    prompt_tokens = rollups.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = rollups.completion_tokens + excluded.completion_tokens,
    cost = rollups.cost + excluded.cost,
    billed = rollups.billed + excluded.billed;

-- ---- budgets ----

-- name: budget_organization
-- scope: organization
SELECT monthly_limit, timezone FROM organizations WHERE id = $1;

-- name: budget_used
-- scope: organization
SELECT billed FROM rollup_totals WHERE organization_id = $1 AND slot >= $2 AND slot < $3;

-- name: budget_reserved
-- scope: organization
SELECT reserved FROM generations
WHERE organization_id = $1 AND state <= 1 AND created_ms >= $2 AND created_ms < $3;

-- ---- figures for pages ----

-- name: usage_organization
-- scope: organization
SELECT name, timezone, monthly_limit FROM organizations WHERE id = $1;

-- name: usage_totals
-- scope: organization
SELECT slot, requests, prompt_tokens, completion_tokens, cost, billed FROM rollup_totals
WHERE organization_id = $1 AND slot >= $2 AND slot < $3 ORDER BY slot;

-- name: usage_totals_own
-- scope: user
SELECT slot, requests, prompt_tokens, completion_tokens, cost, billed FROM rollups
WHERE organization_id = $1 AND user_id = $4 AND slot >= $2 AND slot < $3 ORDER BY slot;

-- Rollups lie by person, then time: who has any is found by stepping from one person to the next, then each has one
-- run of rows. Within a person rows come in the order of time.
-- name: usage_users
-- scope: organization
WITH RECURSIVE people (id) AS (
    SELECT MIN(user_id) FROM rollups WHERE organization_id = $1
    UNION ALL
    SELECT (SELECT MIN(n.user_id) FROM rollups n WHERE n.organization_id = $1 AND n.user_id > people.id)
    FROM people WHERE people.id IS NOT NULL
)
SELECT r.slot, r.requests, r.prompt_tokens, r.completion_tokens, r.cost, r.billed, r.user_id, ''
FROM people CROSS JOIN rollups r
WHERE r.organization_id = $1 AND r.user_id = people.id AND r.slot >= $2 AND r.slot < $3;

-- name: usage_models
-- scope: organization
WITH RECURSIVE people (id) AS (
    SELECT MIN(user_id) FROM rollups WHERE organization_id = $1
    UNION ALL
    SELECT (SELECT MIN(n.user_id) FROM rollups n WHERE n.organization_id = $1 AND n.user_id > people.id)
    FROM people WHERE people.id IS NOT NULL
)
SELECT r.slot, r.requests, r.prompt_tokens, r.completion_tokens, r.cost, r.billed, r.model, r.provider
FROM people CROSS JOIN rollups r
WHERE r.organization_id = $1 AND r.user_id = people.id AND r.slot >= $2 AND r.slot < $3;

-- name: usage_models_own
-- scope: user
SELECT slot, requests, prompt_tokens, completion_tokens, cost, billed, model, provider FROM rollups
WHERE organization_id = $1 AND user_id = $4 AND slot >= $2 AND slot < $3 ORDER BY slot;

-- name: usage_people
-- scope: organization
SELECT id, name, email, external_user, deleted_ms FROM users WHERE organization_id = $1;

-- name: usage_person
-- scope: user
SELECT id, name, email, external_user, deleted_ms FROM users WHERE organization_id = $1 AND id = $2;

-- name: usage_clients
-- scope: provider the provider bills every client
SELECT id, name, timezone, monthly_limit, deleted_ms FROM organizations ORDER BY name, id;

-- ---- listing ----

-- name: ledger_all_oldest
-- scope: provider the provider's ledger holds every client's calls
SELECT g.id, g.generation_id, g.organization_id, o.name, g.user_id, u.email, g.model, g.served_model, g.provider,
    g.state, g.prompt_tokens, g.completion_tokens, g.cost, g.billed, g.markup_ppm, g.source, g.error, g.corrects,
    g.created_ms, g.settled_ms
FROM generations g LEFT JOIN organizations o ON o.id = g.organization_id LEFT JOIN users u ON u.id = g.user_id
WHERE g.created_ms >= $1 AND (g.created_ms > $1 OR g.id > $2) AND g.created_ms < $3
ORDER BY g.created_ms, g.id LIMIT $4;

-- name: ledger_all_newest
-- scope: provider the provider's ledger holds every client's calls
SELECT g.id, g.generation_id, g.organization_id, o.name, g.user_id, u.email, g.model, g.served_model, g.provider,
    g.state, g.prompt_tokens, g.completion_tokens, g.cost, g.billed, g.markup_ppm, g.source, g.error, g.corrects,
    g.created_ms, g.settled_ms
FROM generations g LEFT JOIN organizations o ON o.id = g.organization_id LEFT JOIN users u ON u.id = g.user_id
WHERE g.created_ms <= $1 AND (g.created_ms < $1 OR g.id < $2) AND g.created_ms >= $3
ORDER BY g.created_ms DESC, g.id DESC LIMIT $4;

-- name: ledger_client_oldest
-- scope: organization
SELECT g.id, g.generation_id, g.organization_id, o.name, g.user_id, u.email, g.model, g.served_model, g.provider,
    g.state, g.prompt_tokens, g.completion_tokens, g.cost, g.billed, g.markup_ppm, g.source, g.error, g.corrects,
    g.created_ms, g.settled_ms
FROM generations g LEFT JOIN organizations o ON o.id = g.organization_id LEFT JOIN users u ON u.id = g.user_id
WHERE g.organization_id = $5 AND g.created_ms >= $1 AND (g.created_ms > $1 OR g.id > $2) AND g.created_ms < $3
ORDER BY g.created_ms, g.id LIMIT $4;

-- name: ledger_client_newest
-- scope: organization
SELECT g.id, g.generation_id, g.organization_id, o.name, g.user_id, u.email, g.model, g.served_model, g.provider,
    g.state, g.prompt_tokens, g.completion_tokens, g.cost, g.billed, g.markup_ppm, g.source, g.error, g.corrects,
    g.created_ms, g.settled_ms
FROM generations g LEFT JOIN organizations o ON o.id = g.organization_id LEFT JOIN users u ON u.id = g.user_id
WHERE g.organization_id = $5 AND g.created_ms <= $1 AND (g.created_ms < $1 OR g.id < $2) AND g.created_ms >= $3
ORDER BY g.created_ms DESC, g.id DESC LIMIT $4;

-- ---- proof of the sums ----

-- name: verify_next_organization
-- scope: system the books are proved for every client
SELECT MIN(next.id) FROM (
    SELECT (SELECT organization_id FROM generations WHERE organization_id > $1 ORDER BY organization_id LIMIT 1) AS id
    UNION ALL
    SELECT (SELECT organization_id FROM rollups WHERE organization_id > $1 ORDER BY organization_id LIMIT 1)
    UNION ALL
    SELECT (SELECT organization_id FROM rollup_totals WHERE organization_id > $1 ORDER BY organization_id LIMIT 1)
) AS next;

-- name: verify_next_row
-- scope: organization
SELECT created_ms FROM generations WHERE organization_id = $1 AND created_ms >= $2 ORDER BY created_ms LIMIT 1;

-- name: verify_next_slot
-- scope: organization
WITH RECURSIVE people (id) AS (
    SELECT MIN(user_id) FROM rollups WHERE organization_id = $1
    UNION ALL
    SELECT (SELECT MIN(n.user_id) FROM rollups n WHERE n.organization_id = $1 AND n.user_id > people.id)
    FROM people WHERE people.id IS NOT NULL
)
SELECT MIN((SELECT r.slot FROM rollups r WHERE r.organization_id = $1 AND r.user_id = people.id AND r.slot >= $2
    ORDER BY r.slot LIMIT 1))
FROM people;

-- name: verify_next_total
-- scope: organization
SELECT slot FROM rollup_totals WHERE organization_id = $1 AND slot >= $2 ORDER BY slot LIMIT 1;

-- name: verify_rows
-- scope: organization
SELECT created_ms, user_id, model, key_hash, provider, state, corrects, prompt_tokens, completion_tokens, cost, billed
FROM generations WHERE organization_id = $1 AND created_ms >= $2 AND created_ms < $3 ORDER BY created_ms;

-- name: verify_rollups
-- scope: organization
WITH RECURSIVE people (id) AS (
    SELECT MIN(user_id) FROM rollups WHERE organization_id = $1
    UNION ALL
    SELECT (SELECT MIN(n.user_id) FROM rollups n WHERE n.organization_id = $1 AND n.user_id > people.id)
    FROM people WHERE people.id IS NOT NULL
)
SELECT r.slot, r.requests, r.prompt_tokens, r.completion_tokens, r.cost, r.billed,
    r.user_id, r.model, r.key_hash, r.provider
FROM people CROSS JOIN rollups r
WHERE r.organization_id = $1 AND r.user_id = people.id AND r.slot >= $2 AND r.slot < $3;

-- name: verify_totals
-- scope: organization
SELECT slot, requests, prompt_tokens, completion_tokens, cost, billed FROM rollup_totals
WHERE organization_id = $1 AND slot >= $2 AND slot < $3 ORDER BY slot;
