-- The log's tables as version 1 made them; never changes.
CREATE TABLE runs (
    service        TEXT NOT NULL,            -- 'segmind', 'simulator' or a custom origin
    digest         TEXT NOT NULL,            -- the request's identity, its take included
    first_digest   TEXT NOT NULL,            -- the digest of take 0 of the same request
    take           INTEGER NOT NULL,
    parameters     TEXT NOT NULL,            -- JSON, as sent
    state          TEXT NOT NULL CHECK (state IN ('planned', 'submitting', 'submitted', 'processing', 'downloading', 'completed', 'failed', 'refused', 'unknown', 'lost')),
    owner          TEXT,                     -- the process that is submitting it
    attempts       INTEGER NOT NULL DEFAULT 0,
    request_id     TEXT,
    status_url     TEXT,                     -- relative to the service's origin where it is the service's own
    response_url   TEXT,
    picture_url    TEXT,
    picture        TEXT,                     -- path relative to the workspace
    sha256         TEXT,
    width          INTEGER,
    height         INTEGER,
    bytes          INTEGER,
    cost_usd       REAL,
    queue_seconds  REAL,
    render_seconds REAL,
    submitted_at   REAL,                     -- seconds since 1970 UTC: the intent to submit
    accepted_at    REAL,
    detected_at    REAL,                     -- when its completion was seen
    completed_at   REAL,                     -- when its picture was on disk
    polls          INTEGER,
    error_kind     TEXT NOT NULL DEFAULT '',
    error          TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (service, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_first ON runs (service, first_digest, take);

CREATE TABLE jobs (                          -- every job that a run ever had, so that none is adopted by another
    service    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest     TEXT NOT NULL,
    PRIMARY KEY (service, request_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    number     INTEGER PRIMARY KEY,
    at         REAL NOT NULL,
    service    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    data       TEXT NOT NULL                 -- JSON: what the change brought
) STRICT;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE sweeps (
    number     INTEGER PRIMARY KEY,
    service    TEXT NOT NULL,
    identity   TEXT NOT NULL,
    name       TEXT NOT NULL,                -- made of its axes
    title      TEXT NOT NULL,                -- what the user calls it, or empty
    axes       TEXT NOT NULL,                -- JSON: name to values, in order
    created_at REAL NOT NULL,
    UNIQUE (service, identity)
) STRICT;

CREATE TABLE cells (
    sweep    INTEGER NOT NULL REFERENCES sweeps (number),
    position INTEGER NOT NULL,
    digest   TEXT NOT NULL,
    labels   TEXT NOT NULL,                  -- JSON: labels and placeholders
    PRIMARY KEY (sweep, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    service   TEXT NOT NULL,
    digest    TEXT NOT NULL,
    stars     INTEGER CHECK (stars BETWEEN 0 AND 5),
    pick      INTEGER CHECK (pick IN (0, 1)),
    note      TEXT,
    marked_at REAL NOT NULL,
    PRIMARY KEY (service, digest)
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 1397115992;
PRAGMA user_version = 1;
