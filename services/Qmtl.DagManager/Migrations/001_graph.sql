-- The global strategy graph: content-addressed nodes, the queues they publish to, and the versions that used them.

CREATE TABLE dm_nodes (
    node_id          TEXT    NOT NULL PRIMARY KEY,
    node_type        TEXT    NOT NULL,
    interval_s       INTEGER NOT NULL,
    period           INTEGER NOT NULL,
    code_hash        TEXT    NOT NULL,
    schema_hash      TEXT    NOT NULL,
    schema_compat_id TEXT    NOT NULL,
    params_canon     TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL
);

CREATE TABLE dm_node_tags (
    node_id TEXT NOT NULL REFERENCES dm_nodes (node_id),
    tag     TEXT NOT NULL,
    PRIMARY KEY (node_id, tag)
);
CREATE INDEX dm_node_tags_by_tag ON dm_node_tags (tag, node_id);

CREATE TABLE dm_edges (
    node_id    TEXT NOT NULL REFERENCES dm_nodes (node_id),
    depends_on TEXT NOT NULL,
    PRIMARY KEY (node_id, depends_on)
);
CREATE INDEX dm_edges_by_dependency ON dm_edges (depends_on, node_id);

-- One queue for each node and compute key: results of different contexts never meet in one topic.
CREATE TABLE dm_queues (
    topic              TEXT    NOT NULL PRIMARY KEY,
    node_id            TEXT    NOT NULL REFERENCES dm_nodes (node_id),
    compute_key        TEXT    NOT NULL,
    world_id           TEXT    NOT NULL,
    execution_domain   TEXT    NOT NULL,
    as_of              TEXT    NOT NULL,
    partition_label    TEXT    NOT NULL,
    digest_head        TEXT    NOT NULL,
    topic_class        TEXT    NOT NULL,
    partitions         INTEGER NOT NULL,
    replication_factor INTEGER NOT NULL,
    retention_ms       BIGINT  NOT NULL,
    version            TEXT    NOT NULL,
    -- What the queue's content was computed with; since when newer content is buffered behind it until it is recomputed.
    schema_hash        TEXT    NOT NULL,
    buffering_since    BIGINT,
    created_at         BIGINT  NOT NULL,
    UNIQUE (node_id, compute_key)
);
CREATE INDEX dm_queues_by_digest_head ON dm_queues (digest_head);
CREATE INDEX dm_queues_by_context ON dm_queues (world_id, execution_domain, node_id);

CREATE TABLE dm_sentinels (
    sentinel_id    TEXT    NOT NULL PRIMARY KEY,
    strategy_id    TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    traffic_weight DOUBLE PRECISION NOT NULL,
    created_at     BIGINT  NOT NULL
);

CREATE TABLE dm_sentinel_nodes (
    sentinel_id TEXT NOT NULL REFERENCES dm_sentinels (sentinel_id),
    world_id    TEXT NOT NULL,
    node_id     TEXT NOT NULL,
    topic       TEXT NOT NULL,
    PRIMARY KEY (sentinel_id, world_id, node_id, topic)
);
CREATE INDEX dm_sentinel_nodes_by_topic ON dm_sentinel_nodes (topic);

-- How often the answer to a tag query changed, over all worlds: the revision that consumers of queue updates compare.
CREATE TABLE dm_tag_revisions (
    tags       TEXT    NOT NULL,
    interval_s INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    PRIMARY KEY (tags, interval_s)
);
