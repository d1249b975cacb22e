-- Submissions: what was taken in, where it stands, and what it was answered.

CREATE TABLE gw_strategies (
    strategy_id     TEXT    NOT NULL PRIMARY KEY,
    dag_json        TEXT    NOT NULL,
    dag_hash        TEXT    NOT NULL,
    node_count      INTEGER NOT NULL,
    node_ids_crc32  BIGINT  NOT NULL,
    meta_json       TEXT    NOT NULL,
    world_ids_json  TEXT    NOT NULL,
    context_json    TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    attempts        INTEGER NOT NULL,
    owner           TEXT    NOT NULL,
    -- Nobody else may work on it before; for one that failed, the time of the next attempt.
    held_until      BIGINT  NOT NULL,
    outcome_json    TEXT    NOT NULL,
    submitted_at    BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);
CREATE INDEX gw_strategies_by_age ON gw_strategies (submitted_at, strategy_id);
CREATE INDEX gw_strategies_by_status ON gw_strategies (status, held_until);

CREATE TABLE gw_strategy_worlds (
    world_id    TEXT NOT NULL,
    strategy_id TEXT NOT NULL REFERENCES gw_strategies (strategy_id),
    PRIMARY KEY (world_id, strategy_id)
);

-- One row for each submission that would be the same: the primary key is what refuses a duplicate.
CREATE TABLE gw_dedupe (
    dedupe_key  TEXT   NOT NULL PRIMARY KEY,
    strategy_id TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX gw_dedupe_by_expiry ON gw_dedupe (expires_at);
CREATE INDEX gw_dedupe_by_strategy ON gw_dedupe (strategy_id);

CREATE TABLE gw_strategy_events (
    strategy_id TEXT   NOT NULL REFERENCES gw_strategies (strategy_id),
    event_id    TEXT   NOT NULL,
    from_status TEXT   NOT NULL,
    to_status   TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (strategy_id, event_id)
);
