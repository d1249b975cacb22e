-- How far the events of each apply have been processed in order. What is kept was handed on, and nothing behind it was passed over: a process that
-- starts reads these rows before it begins to listen, so it knows which number has to come next.

CREATE TABLE gw_activation_runs (
    world_id      TEXT    NOT NULL,
    run_id        TEXT    NOT NULL,
    next_sequence INTEGER NOT NULL,
    updated_at    BIGINT  NOT NULL,
    PRIMARY KEY (world_id, run_id)
);
CREATE INDEX gw_activation_runs_by_age ON gw_activation_runs (updated_at);
