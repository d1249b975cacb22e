-- Worlds and everything that is decided about them. JSON columns hold protobuf JSON of the contract's messages.

CREATE TABLE ws_worlds (
    world_id               TEXT    NOT NULL PRIMARY KEY,
    name                   TEXT    NOT NULL,
    description            TEXT    NOT NULL,
    owner                  TEXT    NOT NULL,
    labels                 TEXT    NOT NULL,
    state                  TEXT    NOT NULL,
    allow_live             BOOLEAN NOT NULL,
    circuit_breaker        BOOLEAN NOT NULL,
    default_policy_version INTEGER NOT NULL,
    risk_profile           TEXT,
    data                   TEXT,
    extras                 TEXT,
    -- The data on which the world was last live: a world stays live on the same data while metrics about it are late.
    live_fingerprint       TEXT,
    decisions_at           BIGINT,
    revision               BIGINT  NOT NULL,
    created_at             BIGINT  NOT NULL,
    updated_at             BIGINT  NOT NULL
);

CREATE TABLE ws_policies (
    world_id       TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    version        INTEGER NOT NULL,
    source         TEXT    NOT NULL,
    payload        TEXT    NOT NULL,
    checksum       TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    preset         TEXT    NOT NULL,
    preset_mode    TEXT    NOT NULL,
    preset_version TEXT    NOT NULL,
    overrides      TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    PRIMARY KEY (world_id, version)
);

CREATE TABLE ws_bindings (
    world_id    TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id)
);
CREATE INDEX ws_bindings_by_strategy ON ws_bindings (strategy_id);

CREATE TABLE ws_decisions (
    world_id    TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    PRIMARY KEY (world_id, strategy_id)
);

CREATE TABLE ws_activation (
    world_id       TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id    TEXT    NOT NULL,
    side           TEXT    NOT NULL,
    active         BOOLEAN NOT NULL,
    weight         DOUBLE PRECISION NOT NULL,
    -- A reserved word in Postgres.
    "freeze"       BOOLEAN NOT NULL,
    drain          BOOLEAN NOT NULL,
    effective_mode TEXT    NOT NULL,
    run_id         TEXT,
    ts             BIGINT  NOT NULL,
    entry_version  INTEGER NOT NULL,
    PRIMARY KEY (world_id, strategy_id, side)
);

CREATE TABLE ws_runs (
    world_id    TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT    NOT NULL,
    run_id      TEXT    NOT NULL,
    stage       TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    input_hash  TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL,
    PRIMARY KEY (world_id, strategy_id, run_id)
);
CREATE INDEX ws_runs_by_time ON ws_runs (world_id, strategy_id, updated_at);

CREATE TABLE ws_run_revisions (
    world_id    TEXT    NOT NULL,
    strategy_id TEXT    NOT NULL,
    run_id      TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    change_type TEXT    NOT NULL,
    recorded_at BIGINT  NOT NULL,
    payload     TEXT    NOT NULL,
    PRIMARY KEY (world_id, strategy_id, run_id, revision)
);

-- What the next evaluation of the world needs of each strategy, without reading its runs.
CREATE TABLE ws_measurements (
    world_id    TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT   NOT NULL,
    stage       TEXT   NOT NULL,
    run_id      TEXT   NOT NULL,
    side        TEXT   NOT NULL,
    metrics     TEXT   NOT NULL,
    data_start  BIGINT,
    data_end    BIGINT,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id, stage)
);

-- Hysteresis. The prior columns hold what stood before run_id, so that repeating that run counts once.
CREATE TABLE ws_selection (
    world_id     TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id  TEXT    NOT NULL,
    run_id       TEXT    NOT NULL,
    active       BOOLEAN NOT NULL,
    since        BIGINT,
    above        INTEGER NOT NULL,
    below        INTEGER NOT NULL,
    prior_active BOOLEAN NOT NULL,
    prior_since  BIGINT,
    prior_above  INTEGER NOT NULL,
    prior_below  INTEGER NOT NULL,
    PRIMARY KEY (world_id, strategy_id)
);

CREATE TABLE ws_history (
    world_id    TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT   NOT NULL,
    node_id     TEXT   NOT NULL,
    report      TEXT   NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id, node_id)
);

CREATE TABLE ws_edges (
    world_id   TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    src        TEXT    NOT NULL,
    dst        TEXT    NOT NULL,
    active     BOOLEAN NOT NULL,
    reason     TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    updated_at BIGINT  NOT NULL,
    PRIMARY KEY (world_id, src, dst)
);

CREATE TABLE ws_allocations (
    world_id             TEXT   NOT NULL PRIMARY KEY REFERENCES ws_worlds (world_id),
    allocation           DOUBLE PRECISION NOT NULL,
    run_id               TEXT   NOT NULL,
    etag                 TEXT   NOT NULL,
    strategy_alloc_total TEXT   NOT NULL,
    updated_at           BIGINT NOT NULL
);

CREATE TABLE ws_allocation_runs (
    run_id     TEXT   NOT NULL PRIMARY KEY,
    etag       TEXT   NOT NULL,
    request    TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
