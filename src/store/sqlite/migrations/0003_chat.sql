-- Conversations: a tree of messages per chat. chat_words is the full-text index over titles and every branch.
CREATE TABLE chats (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    title TEXT NOT NULL,
    title_by TEXT NOT NULL CHECK (title_by IN ('none', 'model', 'person')),
    models_json TEXT NOT NULL,
    folder_id TEXT,
    current_message_id TEXT,
    is_pinned INTEGER NOT NULL CHECK (is_pinned IN (0, 1)),
    is_archived INTEGER NOT NULL CHECK (is_archived IN (0, 1)),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX chats_by_owner ON chats (organization_id, user_id, is_archived, updated_ms DESC, id);

CREATE TABLE chat_messages (
    chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    id TEXT NOT NULL,
    parent_id TEXT,
    position INTEGER NOT NULL, -- order of arrival: siblings keep it
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    content TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    model TEXT,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'failed')),
    error TEXT,
    usage_json TEXT,
    files_json TEXT,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (chat_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_messages_running ON chat_messages (state) WHERE state = 'running';

CREATE VIRTUAL TABLE chat_words USING fts5 (
    words, chat_id UNINDEXED, message_id UNINDEXED, organization_id UNINDEXED, user_id UNINDEXED,
    tokenize = 'unicode61 remove_diacritics 2');
