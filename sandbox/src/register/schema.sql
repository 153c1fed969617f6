-- The entries. Keys are scattered: only their index is, the wide rows lie in order of coming.
CREATE TABLE assets (
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
CREATE INDEX assets_by_account ON assets (account_id, asset_key, source, state);

-- What was answered for each idempotency key, for ever.
CREATE TABLE answers (
    writer          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    content         TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    answered_at     TEXT NOT NULL,
    PRIMARY KEY (writer, idempotency_key)
);

-- Every change that was asked for and what was answered, for ever. Of a replayed one `change` is missing: it stands
-- beside the first answer.
CREATE TABLE audit_trail (
    id              INTEGER PRIMARY KEY,
    at              TEXT NOT NULL,
    writer          TEXT NOT NULL,
    plan            TEXT NOT NULL,
    run             TEXT NOT NULL,
    idempotency_key TEXT,
    asset_key       TEXT,
    status          TEXT NOT NULL CHECK (status IN ('applied', 'rejected', 'conflicted')),
    code            TEXT,
    replayed        INTEGER NOT NULL,
    version_before  INTEGER,
    version_after   INTEGER,
    change          TEXT
);

-- Each version of an entry was made once.
CREATE UNIQUE INDEX one_change_a_version ON audit_trail (asset_key, version_after)
    WHERE status = 'applied' AND NOT replayed;

-- The changes that were applied: one row for each version of each entry.
CREATE VIEW audit_log AS
    SELECT id, at, writer, plan, run, idempotency_key, asset_key, version_after AS version, change
    FROM audit_trail WHERE status = 'applied' AND NOT replayed;

-- What is written down stays written down.
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit_trail
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit_trail
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER answers_are_not_changed BEFORE UPDATE ON answers
    BEGIN SELECT RAISE(ABORT, 'an answer is given once'); END;
CREATE TRIGGER answers_are_not_forgotten BEFORE DELETE ON answers
    BEGIN SELECT RAISE(ABORT, 'an answer is never forgotten'); END;
CREATE TRIGGER assets_are_not_deleted BEFORE DELETE ON assets
    BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;

CREATE TABLE runs (
    source      TEXT NOT NULL,
    run_id      TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    evidence    TEXT NOT NULL,
    PRIMARY KEY (source, run_id)
) WITHOUT ROWID;

-- What the register asks for when it opens a file; also in store.rs.
PRAGMA user_version = 2;
