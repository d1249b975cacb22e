-- Shared compute: the sessions that may read and append, and how far each node's values are. DagManager decides who holds a node; what stands here fences
-- those who held it before.

CREATE TABLE gw_node_sessions (
    session_id       TEXT   NOT NULL PRIMARY KEY,
    strategy_id      TEXT   NOT NULL,
    world_id         TEXT   NOT NULL,
    execution_domain TEXT   NOT NULL,
    expires_at       BIGINT NOT NULL,
    opened_at        BIGINT NOT NULL
);
CREATE INDEX gw_node_sessions_by_expiry ON gw_node_sessions (expires_at);

CREATE TABLE gw_node_streams (
    stream_id         TEXT    NOT NULL PRIMARY KEY,
    node_id           TEXT    NOT NULL,
    world_id          TEXT    NOT NULL,
    execution_domain  TEXT    NOT NULL,
    topic             TEXT    NOT NULL,
    -- Where in the topic its records are, and from which offset on.
    log_partition     INTEGER NOT NULL,
    first_offset      BIGINT  NOT NULL,
    owner             TEXT    NOT NULL,
    epoch             INTEGER NOT NULL,
    expires_at        BIGINT  NOT NULL,
    next_bar          BIGINT  NOT NULL,
    input_window_hash TEXT    NOT NULL,
    updated_at        BIGINT  NOT NULL
);
CREATE INDEX gw_node_streams_by_owner ON gw_node_streams (owner);
