-- Counts changes to a world's bindings, measurements and hysteresis: a copy in memory of the same number is up to date.
ALTER TABLE ws_worlds ADD COLUMN cohort_revision BIGINT NOT NULL DEFAULT 0;

-- Returns that came with a run, for the checks that follow it in the background. Compressed; at most one series a run.
-- sqlite:
CREATE TABLE ws_run_series (
    world_id         TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id      TEXT    NOT NULL,
    run_id           TEXT    NOT NULL,
    points           INTEGER NOT NULL,
    periods_per_year DOUBLE PRECISION NOT NULL,
    returns          BLOB    NOT NULL,
    recorded_at      BIGINT  NOT NULL,
    PRIMARY KEY (world_id, strategy_id, run_id)
);
-- postgres:
CREATE TABLE ws_run_series (
    world_id         TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id      TEXT    NOT NULL,
    run_id           TEXT    NOT NULL,
    points           INTEGER NOT NULL,
    periods_per_year DOUBLE PRECISION NOT NULL,
    returns          BYTEA   NOT NULL,
    recorded_at      BIGINT  NOT NULL,
    PRIMARY KEY (world_id, strategy_id, run_id)
);
-- both:
CREATE INDEX ws_run_series_by_run ON ws_run_series (world_id, run_id);

-- What a strategy trades, for limits on sectors: a JSON list.
ALTER TABLE ws_measurements ADD COLUMN symbols TEXT NOT NULL DEFAULT '[]';
