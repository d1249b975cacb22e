-- Two-phase apply. A run is one row; what it needs to continue after a crash, or to be undone, is in its state (JSON).

-- The run in progress: one at a time. And the run that froze the world: it holds every entry, also those that come into being meanwhile.
ALTER TABLE ws_worlds ADD COLUMN apply_run_id TEXT;
ALTER TABLE ws_worlds ADD COLUMN frozen_by TEXT;

-- Held by an apply, whatever the operator's own freeze and drain say: lifting the hold brings these back as they were.
ALTER TABLE ws_activation ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE ws_apply_runs (
    world_id     TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    run_id       TEXT   NOT NULL,
    -- apply or rollback.
    kind         TEXT   NOT NULL,
    phase        TEXT   NOT NULL,
    -- Repeating a run id with other content is refused.
    content_hash TEXT   NOT NULL,
    -- Order of the runs of a world, from 1.
    number       INTEGER NOT NULL,
    state        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (world_id, run_id)
);
CREATE UNIQUE INDEX ws_apply_runs_by_number ON ws_apply_runs (world_id, number);

-- How far each observer has processed a run: numbers are acknowledged in order, so the highest says it all.
CREATE TABLE ws_apply_acks (
    world_id TEXT    NOT NULL,
    run_id   TEXT    NOT NULL,
    consumer TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    acked_at BIGINT  NOT NULL,
    PRIMARY KEY (world_id, run_id, consumer)
);

-- Who keeps copies of activation and so must confirm before a switch.
CREATE TABLE ws_observers (
    consumer   TEXT   NOT NULL PRIMARY KEY,
    joined_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
