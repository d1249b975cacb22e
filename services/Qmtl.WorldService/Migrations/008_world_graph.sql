-- The World View Graph: what a world knows of nodes, and verdicts about them.

CREATE TABLE ws_nodes (
    world_id         TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    node_id          TEXT   NOT NULL,
    execution_domain TEXT   NOT NULL,
    status           TEXT   NOT NULL,
    last_eval_key    TEXT,
    annotations      TEXT,
    updated_at       BIGINT NOT NULL,
    PRIMARY KEY (world_id, node_id, execution_domain)
);

-- Strategies bound so far are roots already.
INSERT INTO ws_nodes (world_id, node_id, execution_domain, status, updated_at)
SELECT world_id, strategy_id, 'backtest', 'unknown', created_at FROM ws_bindings;

-- The key is a hash over all that a verdict depends on: a change of any part looks elsewhere and finds nothing.
CREATE TABLE ws_validations (
    world_id         TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    eval_key         TEXT   NOT NULL,
    node_id          TEXT   NOT NULL,
    execution_domain TEXT   NOT NULL,
    parts            TEXT   NOT NULL,
    result           TEXT   NOT NULL,
    metrics          TEXT,
    found_at         BIGINT NOT NULL,
    PRIMARY KEY (world_id, eval_key)
);
CREATE INDEX ws_validations_by_node ON ws_validations (world_id, node_id, execution_domain);
CREATE INDEX ws_validations_by_time ON ws_validations (world_id, found_at);
