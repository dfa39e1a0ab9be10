-- Organizations, people, how they get in, and the keys with which their calls are paid.
-- Ids are text, times UTC milliseconds, booleans 0 and 1, money pico-dollars (1e-12 USD), markup parts per
-- million. Rows that the books point at are never deleted: deleted_ms marks them.

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    is_name_own INTEGER NOT NULL DEFAULT 1 CHECK (is_name_own IN (0, 1)), -- 0: made up from a person's name
    markup_ppm INTEGER NOT NULL CHECK (markup_ppm > 0 AND markup_ppm <= 100000000),
    monthly_limit INTEGER CHECK (monthly_limit >= 0), -- billed USD; NULL: none
    limit_changed_ms INTEGER NOT NULL DEFAULT 0,      -- 0: never set
    limit_source TEXT NOT NULL DEFAULT 'mai' CHECK (limit_source IN ('mai', 'openrouter')),
    limit_reset TEXT CHECK (limit_reset IN ('daily', 'weekly', 'monthly')),
    openrouter_limit INTEGER,
    openrouter_limit_seen_ms INTEGER NOT NULL DEFAULT 0, -- 0: never read
    timezone TEXT NOT NULL DEFAULT 'UTC',
    currency TEXT NOT NULL DEFAULT 'USD',
    api_access INTEGER NOT NULL DEFAULT 0 CHECK (api_access IN (0, 1)),
    deny_data_collection INTEGER NOT NULL DEFAULT 0 CHECK (deny_data_collection IN (0, 1)),
    zero_data_retention INTEGER NOT NULL DEFAULT 0 CHECK (zero_data_retention IN (0, 1)),
    allow_extras INTEGER NOT NULL DEFAULT 0 CHECK (allow_extras IN (0, 1)),
    billing_email TEXT,
    disabled_ms INTEGER,
    deleted_ms INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX organizations_by_name ON organizations (name_folded, id) WHERE deleted_ms IS NULL;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT REFERENCES organizations (id),
    email TEXT,        -- NULL in a tombstone, like everything personal
    email_folded TEXT,
    name TEXT,
    name_folded TEXT,
    role TEXT NOT NULL CHECK (role IN ('pending', 'user', 'admin', 'provider')),
    password_hash TEXT NOT NULL, -- empty: no password fits
    must_change_password INTEGER NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1)),
    disabled_ms INTEGER,
    external_user TEXT NOT NULL, -- the pseudonym, for ever
    external_state TEXT NOT NULL DEFAULT 'assigned' CHECK (external_state IN ('assigned', 'learned')),
    external_reported TEXT,      -- what OpenRouter reported
    external_learned_ms INTEGER,
    external_checked_ms INTEGER,
    profile_image_url TEXT,
    locale TEXT,
    settings_json TEXT NOT NULL DEFAULT '{}',
    last_active_ms INTEGER,
    deleted_ms INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    CHECK ((role = 'provider') = (organization_id IS NULL)),
    CHECK (deleted_ms IS NOT NULL OR (email_folded IS NOT NULL AND name_folded IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX users_by_email ON users (email_folded) WHERE deleted_ms IS NULL;
CREATE UNIQUE INDEX users_by_external ON users (external_user);
CREATE INDEX users_by_organization ON users (organization_id, deleted_ms, name_folded);
CREATE INDEX users_to_learn ON users (external_checked_ms)
    WHERE external_state = 'assigned' AND deleted_ms IS NULL AND organization_id IS NOT NULL;

CREATE TABLE web_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
CREATE INDEX web_sessions_by_user ON web_sessions (user_id, created_ms);
CREATE INDEX web_sessions_by_seen ON web_sessions (last_seen_ms);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    created_ms INTEGER NOT NULL,
    last_used_ms INTEGER,
    revoked_ms INTEGER
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_ms);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT,
    email_folded TEXT,
    role TEXT NOT NULL CHECK (role IN ('pending', 'user', 'admin')),
    created_by TEXT NOT NULL REFERENCES users (id),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER,
    used_by TEXT REFERENCES users (id)
) STRICT;
CREATE INDEX invitations_by_organization ON invitations (organization_id, created_ms);

-- Keys at OpenRouter. One row per organization and time a key was made or entered.
CREATE TABLE supplier_keys (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL, -- SHA-256 of the text: its id at OpenRouter
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    url TEXT NOT NULL,
    sealed TEXT,        -- NULL: made for the organization, not entered yet; or forgotten after retirement
    last4 TEXT NOT NULL,
    label TEXT,
    name TEXT,
    state TEXT NOT NULL CHECK (state IN ('expected', 'checking', 'verified', 'refused', 'unreachable',
        'foreign', 'awaiting approval', 'retired')),
    reason TEXT,
    entered_by TEXT REFERENCES users (id), -- NULL: the provider
    is_current INTEGER NOT NULL DEFAULT 0 CHECK (is_current IN (0, 1)), -- calls are made with it
    is_rotation INTEGER NOT NULL DEFAULT 0 CHECK (is_rotation IN (0, 1)),
    checked_ms INTEGER,
    next_check_ms INTEGER,
    checks INTEGER NOT NULL DEFAULT 0,
    key_limit INTEGER,
    key_limit_remaining INTEGER,
    key_limit_reset TEXT,
    limit_read_ms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    retired_ms INTEGER,
    CHECK (is_current = 0 OR (sealed IS NOT NULL AND state IN ('verified', 'refused'))),
    CHECK (state <> 'expected' OR sealed IS NULL),
    CHECK (state <> 'verified' OR is_current = 1)
) STRICT;
-- K2: a key in use or expected belongs to one organization.
CREATE UNIQUE INDEX supplier_keys_owner ON supplier_keys (hash) WHERE is_current = 1 OR state = 'expected';
CREATE UNIQUE INDEX supplier_keys_current ON supplier_keys (organization_id) WHERE is_current = 1;
CREATE INDEX supplier_keys_by_hash ON supplier_keys (hash);
CREATE INDEX supplier_keys_by_organization ON supplier_keys (organization_id, created_ms);
CREATE INDEX supplier_keys_due ON supplier_keys (next_check_ms) WHERE next_check_ms IS NOT NULL;

-- What the provider sets for the whole installation; secrets sealed.
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
