-- A log as version 2 wrote it; never changes.
BEGIN TRANSACTION;
CREATE TABLE cells (
    sweep    INTEGER NOT NULL REFERENCES sweeps (number),
    position INTEGER NOT NULL,
    digest   TEXT NOT NULL,
    labels   TEXT NOT NULL,                  -- JSON: labels and placeholders
    PRIMARY KEY (sweep, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "cells" VALUES(1,0,'5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','{}');
INSERT INTO "cells" VALUES(1,1,'c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','{}');
INSERT INTO "cells" VALUES(1,2,'86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80','{}');
INSERT INTO "cells" VALUES(1,3,'3f6a1c2fc28b2dfcf291ab1429acd59606711436004d29c274640c2cbec77cc3','{}');
CREATE TABLE events (
    number     INTEGER PRIMARY KEY,
    at         REAL NOT NULL,
    service    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    data       TEXT NOT NULL                 -- JSON: what the change brought
) STRICT;
INSERT INTO "events" VALUES(1,1700000002.0,'simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','planned','submitting','{"owner": "me:1:1.0", "attempts": 1, "submitted_at": 1700000000.0}');
INSERT INTO "events" VALUES(2,1700000003.0,'simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','submitting','submitted','{"request_id": "id-0", "status_url": "/requests/id-0/status", "response_url": "/requests/id-0", "accepted_at": 1700000001.0}');
INSERT INTO "events" VALUES(3,1700000004.0,'simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','submitted','processing','{}');
INSERT INTO "events" VALUES(4,1700000005.0,'simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','processing','downloading','{"polls": 3, "detected_at": 1700000020.0, "cost_usd": 0.034, "queue_seconds": 1.5, "render_seconds": 18.25, "picture_url": "/pictures/id-0.jpeg"}');
INSERT INTO "events" VALUES(5,1700000006.0,'simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','downloading','completed','{"picture": "pictures/ab/0.jpg", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "width": 1024, "height": 768, "bytes": 123456, "completed_at": 1700000022.0, "error": "", "error_kind": ""}');
INSERT INTO "events" VALUES(6,1700000007.0,'simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','planned','submitting','{"owner": "me:1:1.0", "attempts": 1, "submitted_at": 1700000000.0}');
INSERT INTO "events" VALUES(7,1700000008.0,'simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','submitting','submitted','{"request_id": "id-1", "status_url": "/requests/id-1/status", "response_url": "/requests/id-1", "accepted_at": 1700000001.0}');
INSERT INTO "events" VALUES(8,1700000009.0,'simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','submitted','processing','{}');
INSERT INTO "events" VALUES(9,1700000010.0,'simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','processing','downloading','{"polls": 3, "detected_at": 1700000020.0, "cost_usd": 0.034, "queue_seconds": 1.5, "render_seconds": 18.25, "picture_url": "/pictures/id-1.jpeg"}');
INSERT INTO "events" VALUES(10,1700000011.0,'simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','downloading','completed','{"picture": "pictures/ab/1.jpg", "sha256": "0000000000000000000000000000000000000000000000000000000000000001", "width": 1024, "height": 768, "bytes": 123457, "completed_at": 1700000022.0, "error": "", "error_kind": ""}');
INSERT INTO "events" VALUES(11,1700000012.0,'simulator','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80','planned','submitting','{"owner": "me:1:1.0", "attempts": 1, "submitted_at": 1700000000.0}');
INSERT INTO "events" VALUES(12,1700000013.0,'simulator','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80','submitting','submitted','{"request_id": "id-2", "status_url": "/requests/id-2/status", "response_url": "/requests/id-2", "accepted_at": 1700000001.0}');
INSERT INTO "events" VALUES(13,1700000014.0,'simulator','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80','submitted','processing','{}');
INSERT INTO "events" VALUES(14,1700000015.0,'simulator','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80','processing','downloading','{"polls": 3, "detected_at": 1700000020.0, "cost_usd": 0.034, "queue_seconds": 1.5, "render_seconds": 18.25, "picture_url": "/pictures/id-2.jpeg"}');
INSERT INTO "events" VALUES(15,1700000016.0,'simulator','3f6a1c2fc28b2dfcf291ab1429acd59606711436004d29c274640c2cbec77cc3','planned','submitting','{"owner": "me:1:1.0", "attempts": 1, "submitted_at": 1700000000.0}');
INSERT INTO "events" VALUES(16,1700000017.0,'simulator','3f6a1c2fc28b2dfcf291ab1429acd59606711436004d29c274640c2cbec77cc3','submitting','refused','{"error": "a prompt was refused", "error_kind": "invalid"}');
CREATE TABLE jobs (                          -- every job that a run ever had, so that none is adopted by another
    service    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest     TEXT NOT NULL,
    PRIMARY KEY (service, request_id, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO "jobs" VALUES('simulator','id-0','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65');
INSERT INTO "jobs" VALUES('simulator','id-1','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777');
INSERT INTO "jobs" VALUES('simulator','id-2','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80');
CREATE TABLE limits (                        -- what the service was found to allow
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    at      REAL NOT NULL,
    what    TEXT NOT NULL,
    value   REAL NOT NULL,
    why     TEXT NOT NULL
) STRICT;
INSERT INTO "limits" VALUES(1,'simulator',1700000021.0,'requests a minute',60.0,'429');
CREATE TABLE marks (
    service   TEXT NOT NULL,
    digest    TEXT NOT NULL,
    stars     INTEGER CHECK (stars BETWEEN 0 AND 5),
    pick      INTEGER CHECK (pick IN (0, 1)),
    note      TEXT,
    marked_at REAL NOT NULL,
    PRIMARY KEY (service, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO "marks" VALUES('simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65',4,1,'best',1700000018.0);
INSERT INTO "marks" VALUES('simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777',2,NULL,NULL,1700000019.0);
CREATE TABLE processes (                     -- heartbeats, for processes on other machines
    owner   TEXT PRIMARY KEY,
    seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "processes" VALUES('me:1:1.0',1700000020.0);
CREATE TABLE runs (
    service        TEXT NOT NULL,            -- 'segmind', 'simulator' or a custom origin
    digest         TEXT NOT NULL,            -- the request's identity, its take included
    first_digest   TEXT NOT NULL,            -- the digest of take 0 of the same request
    take           INTEGER NOT NULL,
    parameters     TEXT NOT NULL,            -- JSON, as sent
    state          TEXT NOT NULL CHECK (state IN ('planned', 'submitting', 'submitted', 'processing', 'downloading', 'completed', 'failed', 'refused', 'unknown', 'lost')),
    owner          TEXT,                     -- the process in whose hands it is
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
INSERT INTO "runs" VALUES('simulator','3f6a1c2fc28b2dfcf291ab1429acd59606711436004d29c274640c2cbec77cc3','3f6a1c2fc28b2dfcf291ab1429acd59606711436004d29c274640c2cbec77cc3',0,'{"prompt": "TOK", "finetune_id": "a", "lora_strength": 1, "steps": 25, "seed": 4, "sampler_name": "euler", "scheduler": "simple", "aspect_ratio": "1:1", "hardware": "cost"}','refused',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1700000000.0,NULL,NULL,NULL,NULL,'invalid','a prompt was refused');
INSERT INTO "runs" VALUES('simulator','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65','5e748de108edea683194ab22ef4f5787181d8c3dccc8579a07d7d6c0a9cc8a65',0,'{"prompt": "TOK", "finetune_id": "a", "lora_strength": 1, "steps": 25, "seed": 1, "sampler_name": "euler", "scheduler": "simple", "aspect_ratio": "1:1", "hardware": "cost"}','completed',NULL,1,'id-0','/requests/id-0/status','/requests/id-0','/pictures/id-0.jpeg','pictures/ab/0.jpg','0000000000000000000000000000000000000000000000000000000000000000',1024,768,123456,0.034,1.5,18.25,1700000000.0,1700000001.0,1700000020.0,1700000022.0,3,'','');
INSERT INTO "runs" VALUES('simulator','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80','86581053ffd8455b8a6d717a2aedd7fdb081b3bfeb7aea20f140f785674d4b80',0,'{"prompt": "TOK", "finetune_id": "a", "lora_strength": 1, "steps": 25, "seed": 3, "sampler_name": "euler", "scheduler": "simple", "aspect_ratio": "1:1", "hardware": "cost"}','downloading','me:1:1.0',1,'id-2','/requests/id-2/status','/requests/id-2','/pictures/id-2.jpeg',NULL,NULL,NULL,NULL,NULL,0.034,1.5,18.25,1700000000.0,1700000001.0,1700000020.0,NULL,3,'','');
INSERT INTO "runs" VALUES('simulator','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777','c70e4ce859d1fbcca16cf6834911b13eb1446470fa17b404c526f9978fda4777',0,'{"prompt": "TOK", "finetune_id": "a", "lora_strength": 1, "steps": 25, "seed": 2, "sampler_name": "euler", "scheduler": "simple", "aspect_ratio": "1:1", "hardware": "cost"}','completed',NULL,1,'id-1','/requests/id-1/status','/requests/id-1','/pictures/id-1.jpeg','pictures/ab/1.jpg','0000000000000000000000000000000000000000000000000000000000000001',1024,768,123457,0.034,1.5,18.25,1700000000.0,1700000001.0,1700000020.0,1700000022.0,3,'','');
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
INSERT INTO "sweeps" VALUES(1,'simulator','eff2d7e34ce3bb4b43164d8dfabbd76b65be915b06e21ee0c308893d71990e1a','seed eff2d7','Study','{"seed": [1, 2, 3, 4]}',1700000001.0);
CREATE TABLE turns (                         -- requests of the last minute, where the user limits them
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    at      REAL NOT NULL
) STRICT;
CREATE INDEX runs_by_first ON runs (service, first_digest, take);
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE INDEX turns_by_time ON turns (service, at);
COMMIT;
PRAGMA application_id = 1397115992;
PRAGMA user_version = 2;
