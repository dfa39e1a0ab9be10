-- Statements of the chat room. $1 is the organization and $2 the person wherever a person asks.

-- name: chat_insert
-- scope: user
INSERT INTO chats (id, organization_id, user_id, title, title_by, models_json, current_message_id, is_pinned,
    is_archived, created_ms, updated_ms)
VALUES ($3, $1, $2, $4, $5, $6, NULL, 0, 0, $7, $7);

-- name: chat_row
-- scope: user
SELECT id, title, title_by, models_json, current_message_id, is_pinned, is_archived, created_ms, updated_ms, folder_id
FROM chats WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_rows
-- scope: user
SELECT id, title, updated_ms, created_ms, is_pinned, is_archived, folder_id
FROM chats WHERE organization_id = $1 AND user_id = $2 AND is_archived = $3
ORDER BY updated_ms DESC, id LIMIT $4 OFFSET $5;

-- name: chat_set_title
-- scope: user
UPDATE chats SET title = $4, title_by = 'person', updated_ms = $5
WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_set_made_title
-- scope: user
UPDATE chats SET title = $4, title_by = 'model'
WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND title_by = 'none';

-- name: chat_set_models
-- scope: user
UPDATE chats SET models_json = $4, updated_ms = $5
WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_set_current
-- scope: user
UPDATE chats SET current_message_id = $4, updated_ms = $5
WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_set_pinned
-- scope: user
UPDATE chats SET is_pinned = 1 - is_pinned WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_set_archived
-- scope: user
UPDATE chats SET is_archived = 1 - is_archived WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_delete_row
-- scope: user
DELETE FROM chats WHERE organization_id = $1 AND user_id = $2 AND id = $3;

-- name: chat_delete_rows
-- scope: user
DELETE FROM chats WHERE organization_id = $1 AND user_id = $2;

-- name: chat_delete_organization
-- scope: organization
DELETE FROM chats WHERE organization_id = $1;

-- name: words_insert
-- scope: user
INSERT INTO chat_words (organization_id, user_id, chat_id, message_id, words) VALUES ($1, $2, $3, $4, $5);

-- name: words_delete
-- scope: user
DELETE FROM chat_words WHERE organization_id = $1 AND user_id = $2 AND chat_id = $3 AND message_id = $4;

-- name: words_delete_chat
-- scope: user
DELETE FROM chat_words WHERE organization_id = $1 AND user_id = $2 AND chat_id = $3;

-- name: words_delete_person
-- scope: user
DELETE FROM chat_words WHERE organization_id = $1 AND user_id = $2;

-- name: words_delete_organization
-- scope: organization
DELETE FROM chat_words WHERE organization_id = $1;

-- name: words_search
-- scope: user
WITH hits AS MATERIALIZED (
    SELECT w.chat_id, snippet(chat_words, 0, '', '', '…', 16) AS piece FROM chat_words w
    WHERE w.organization_id = $1 AND w.user_id = $2 AND chat_words MATCH $3
)
SELECT c.id, c.title, c.updated_ms, c.created_ms, c.is_pinned, c.is_archived, c.folder_id, MIN(h.piece)
FROM hits h JOIN chats c ON c.id = h.chat_id
WHERE c.organization_id = $1 AND c.user_id = $2
GROUP BY c.id ORDER BY c.updated_ms DESC, c.id LIMIT $4 OFFSET $5;

-- name: message_insert
-- scope: user
INSERT INTO chat_messages (organization_id, chat_id, id, parent_id, position, role, content, reasoning, model, state, error, usage_json,
    files_json, created_ms)
VALUES ($1, (SELECT c.id FROM chats c WHERE c.organization_id = $1 AND c.user_id = $2 AND c.id = $3), $4, $5,
    (SELECT COALESCE(MAX(m.position), 0) + 1 FROM chat_messages m WHERE m.organization_id = $1 AND m.chat_id = $3), $6, $7, $8, $9, $10, $11, $12,
    $13, $14);

-- name: message_exists
-- scope: user
SELECT m.role FROM chat_messages m JOIN chats c ON c.id = m.chat_id
WHERE m.organization_id = $1 AND c.organization_id = $1 AND c.user_id = $2 AND c.id = $3 AND m.id = $4;

-- name: message_rows
-- scope: user
SELECT m.id, m.parent_id, m.role, m.content, m.reasoning, m.model, m.state, m.error, m.usage_json, m.files_json,
    m.created_ms
FROM chat_messages m JOIN chats c ON c.id = m.chat_id
WHERE m.organization_id = $1 AND c.organization_id = $1 AND c.user_id = $2 AND c.id = $3
ORDER BY m.position;

-- name: message_row
-- scope: user
SELECT m.id, m.parent_id, m.role, m.content, m.reasoning, m.model, m.state, m.error, m.usage_json, m.files_json,
    m.created_ms
FROM chat_messages m JOIN chats c ON c.id = m.chat_id
WHERE m.organization_id = $1 AND c.organization_id = $1 AND c.user_id = $2 AND c.id = $3 AND m.id = $4;

-- name: message_set_content
-- scope: user
UPDATE chat_messages SET content = $5
WHERE organization_id = $1 AND id = $4 AND chat_id = (SELECT c.id FROM chats c WHERE c.organization_id = $1 AND c.user_id = $2 AND c.id = $3);

-- name: answer_save
-- scope: system an answer that its person began, found by its ids
UPDATE chat_messages SET content = $3, reasoning = $4 WHERE chat_id = $1 AND id = $2 AND state = 'running';

-- name: answer_end
-- scope: system an answer that its person began, found by its ids
UPDATE chat_messages SET state = $3, content = $4, reasoning = $5, usage_json = $6, error = $7, files_json = $8
WHERE chat_id = $1 AND id = $2 AND state = 'running';

-- name: answer_owner
-- scope: system whose words an ended answer adds to the search index
SELECT organization_id, user_id FROM chats WHERE id = $1;

-- name: answer_touch
-- scope: system the list shows chats by their newest answer
UPDATE chats SET updated_ms = $2 WHERE id = $1;

-- name: answers_recover
-- scope: system at start
UPDATE chat_messages SET state = 'stopped' WHERE state = 'running';

-- name: chats_move
-- scope: system key sync moves a person to the organization of their key
UPDATE chats SET organization_id = $3 WHERE organization_id = $2 AND user_id = $1;

-- name: messages_move
-- scope: system key sync moves a person to the organization of their key
UPDATE chat_messages SET organization_id = $3
WHERE organization_id = $2 AND chat_id IN (SELECT c.id FROM chats c WHERE c.organization_id = $2 AND c.user_id = $1);

-- name: words_move
-- scope: system key sync moves a person to the organization of their key
UPDATE chat_words SET organization_id = $3 WHERE organization_id = $2 AND user_id = $1;
