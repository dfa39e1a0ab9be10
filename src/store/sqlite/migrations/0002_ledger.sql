-- The books: rows, their sums, and what finds them. The contract is src/ledger/generation.h (L1..L7).
-- Amounts are pico-dollars (1e-12 USD), times UTC milliseconds. STRICT: SQLite would otherwise turn an integer sum
-- that overflows into floating point without a word.
-- No foreign keys: deleting a person, a key or a chat never changes the books.

CREATE TABLE generations (
    id TEXT NOT NULL PRIMARY KEY,
    generation_id TEXT,                     -- OpenRouter's; a correction repeats the one of the row it corrects
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    api_key_id TEXT,
    key_hash TEXT NOT NULL,                 -- supplier key the call was made with
    chat_id TEXT,
    purpose TEXT NOT NULL,
    model TEXT NOT NULL,                    -- asked for
    served_model TEXT,
    provider TEXT,
    state INTEGER NOT NULL,                 -- 0 open 1 pending 2 settled 3 cancelled 4 failed 5 estimated
    is_stream INTEGER NOT NULL,
    prompt_tokens INTEGER,                  -- NULL: not known
    completion_tokens INTEGER,
    cost INTEGER,                           -- raw; NULL: not known, 0: the supplier's word or a listed failure
    cost_text TEXT,                         -- the supplier's own digits
    markup_ppm INTEGER NOT NULL,
    billed INTEGER,
    reserved INTEGER NOT NULL,              -- billed, worst case; counts while the state is 0 or 1
    source TEXT,
    usage_json TEXT,
    error TEXT,
    corrects TEXT,                          -- the row whose difference this one is
    delivered_tokens INTEGER NOT NULL,
    checks INTEGER NOT NULL,                -- times asked for the truth in vain
    next_check_ms INTEGER,
    created_ms INTEGER NOT NULL,            -- the instant a call belongs to, whenever its truth arrives
    settled_ms INTEGER
) STRICT;

-- Unique by the supplier's id, so that nothing is booked twice.
CREATE UNIQUE INDEX generations_by_generation_id ON generations (generation_id)
    WHERE generation_id IS NOT NULL AND corrects IS NULL;
-- Reservations, and what an earlier run left open. Small: only what is on its way.
CREATE INDEX generations_waiting ON generations (organization_id, created_ms) WHERE state <= 1;
-- Whom to ask for the truth, and when.
CREATE INDEX generations_due ON generations (state, next_check_ms) WHERE next_check_ms IS NOT NULL;
CREATE INDEX generations_corrections ON generations (corrects) WHERE corrects IS NOT NULL;
-- Listings: everything, a client's, a person's.
CREATE INDEX generations_by_time ON generations (created_ms);
CREATE INDEX generations_by_organization ON generations (organization_id, created_ms);
CREATE INDEX generations_by_user ON generations (organization_id, user_id, created_ms);

-- Sums of settled, cancelled, estimated and correcting rows, kept in the transaction that books them (L4).
-- A slot is a quarter of an hour of UTC (created_ms / 900000): zones such as +5:30 and +5:45 cut their days inside an
-- hour, and every zone's midnight since 1986 lies on a quarter. The person comes before the slot: the own page reads
-- one run of rows, and pages of an organization read one run per person.
CREATE TABLE rollups (
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    model TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    provider TEXT NOT NULL,                 -- '' when the supplier did not say
    requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    billed INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id, slot, model, key_hash, provider)
) STRICT, WITHOUT ROWID;

-- The same by organization alone: at most 96 rows a day, so budgets and live figures cost the same however large
-- the client.
CREATE TABLE rollup_totals (
    organization_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    billed INTEGER NOT NULL,
    PRIMARY KEY (organization_id, slot)
) STRICT, WITHOUT ROWID;
