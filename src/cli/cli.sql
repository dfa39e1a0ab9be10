-- Statements of `mai doctor`.

-- name: database_check
-- scope: system the whole file is looked through, not anybody's rows
PRAGMA quick_check(1);

-- name: database_version
-- scope: system a number of the file
PRAGMA user_version;

-- name: newest_call
-- scope: system one instant of the whole ledger, to judge the clock by
SELECT MAX(created_ms) FROM generations;
