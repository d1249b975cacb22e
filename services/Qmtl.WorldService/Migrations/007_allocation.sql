-- Capital: what each run of allocations changed, so that it can be taken back, and the rebalancing plans that were decided.

-- The run that first set the shares as they are: after a rollback that is an earlier run than the one that wrote the row.
ALTER TABLE ws_allocations ADD COLUMN origin_run_id TEXT NOT NULL DEFAULT '';
UPDATE ws_allocations SET origin_run_id = run_id;

ALTER TABLE ws_allocation_runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'set';
ALTER TABLE ws_allocation_runs ADD COLUMN target_run_id TEXT NOT NULL DEFAULT '';
ALTER TABLE ws_allocation_runs ADD COLUMN actor TEXT NOT NULL DEFAULT '';
-- What was answered; a repeated run gets it again. Null for runs older than this column.
ALTER TABLE ws_allocation_runs ADD COLUMN response TEXT;
CREATE INDEX ws_allocation_runs_by_time ON ws_allocation_runs (created_at);

CREATE TABLE ws_allocation_changes (
    run_id            TEXT NOT NULL REFERENCES ws_allocation_runs (run_id),
    world_id          TEXT NOT NULL REFERENCES ws_worlds (world_id),
    -- Null: the world had no allocation.
    before_allocation DOUBLE PRECISION,
    before_strategies TEXT NOT NULL,
    before_origin     TEXT NOT NULL,
    after_allocation  DOUBLE PRECISION,
    after_strategies  TEXT NOT NULL,
    PRIMARY KEY (run_id, world_id)
);
CREATE INDEX ws_allocation_changes_by_world ON ws_allocation_changes (world_id);

CREATE TABLE ws_rebalance_runs (
    run_id       TEXT   NOT NULL PRIMARY KEY,
    request_hash TEXT   NOT NULL,
    plan         TEXT   NOT NULL,
    plan_digest  TEXT   NOT NULL,
    actor        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL
);
