-- The entries. Keys are scattered: only their index is, the wide rows lie in order of coming.
CREATE TABLE IF NOT EXISTS assets (
    asset_key   TEXT NOT NULL PRIMARY KEY,
    source      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    account_id  TEXT,
    version     INTEGER NOT NULL,
    attributes  TEXT NOT NULL,
    last_plan   TEXT,
    last_run    TEXT,
    last_writer TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
);

-- Listing by account goes along it, and counting needs nothing else.
CREATE INDEX IF NOT EXISTS assets_by_account ON assets (account_id, asset_key, source, state);

-- What was answered for each idempotency key.
CREATE TABLE IF NOT EXISTS answers (
    writer          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    content         TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    answered_at     TEXT NOT NULL,
    PRIMARY KEY (writer, idempotency_key)
);

-- Every applied change, for ever.
CREATE TABLE IF NOT EXISTS audit_log (
    id              INTEGER PRIMARY KEY,
    at              TEXT NOT NULL,
    writer          TEXT NOT NULL,
    plan            TEXT NOT NULL,
    run             TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    asset_key       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    change          TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS runs (
    source      TEXT NOT NULL,
    run_id      TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    evidence    TEXT NOT NULL,
    PRIMARY KEY (source, run_id)
) WITHOUT ROWID;
