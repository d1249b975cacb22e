-- The graph by short keys, its changes in order, and the plan of every submission under one root.
--
-- Rows refer to each other by integer keys: identities and topics are long and random, and an index over them costs more than the row. Keys are given
-- out in blocks (dm_graph.next_key), so that a plan knows them before its transaction begins; gaps mean nothing.

ALTER TABLE dm_nodes RENAME TO dm_old_nodes;
ALTER TABLE dm_edges RENAME TO dm_old_edges;
ALTER TABLE dm_queues RENAME TO dm_old_queues;

-- One row. The revision counts changes of the graph; it is written last in the transaction of a change, so that its order is the order of commits.
CREATE TABLE dm_graph (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision BIGINT  NOT NULL,
    next_key BIGINT  NOT NULL
);

-- What each revision touched: the queues (keys, as a JSON array), and the tag queries whose answer it may change.
CREATE TABLE dm_changes (
    revision   BIGINT NOT NULL PRIMARY KEY,
    queues     TEXT   NOT NULL,
    affected   TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

-- How far those who work through the changes have come.
CREATE TABLE dm_cursors (
    name     TEXT   NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);

-- World, domain, as-of and partition: results of different contexts never meet in one topic.
CREATE TABLE dm_contexts (
    context_key      BIGINT NOT NULL PRIMARY KEY,
    world_id         TEXT   NOT NULL,
    execution_domain TEXT   NOT NULL,
    as_of            TEXT   NOT NULL,
    partition_label  TEXT   NOT NULL,
    UNIQUE (world_id, execution_domain, as_of, partition_label)
);

-- sqlite:
CREATE TABLE dm_nodes (
    node_key         INTEGER NOT NULL PRIMARY KEY,
    node_id          TEXT    NOT NULL UNIQUE,
    node_type        TEXT    NOT NULL,
    interval_s       INTEGER NOT NULL,
    period           INTEGER NOT NULL,
    code_hash        TEXT    NOT NULL,
    schema_compat_id TEXT    NOT NULL,
    -- As they are hashed: canonical, without context keys.
    params_canon     TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL
);
-- A node may name one input several times; its identity depends on how often.
CREATE TABLE dm_edges (
    node_key   INTEGER NOT NULL,
    depends_on INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    PRIMARY KEY (node_key, depends_on)
) WITHOUT ROWID;
CREATE TABLE dm_queues (
    queue_key          INTEGER NOT NULL PRIMARY KEY,
    node_key           INTEGER NOT NULL REFERENCES dm_nodes (node_key),
    context_key        INTEGER NOT NULL,
    topic              TEXT    NOT NULL UNIQUE,
    -- JSON array in ordinal order. Of the queue and not of the node: how one world tags a node is nothing to another.
    tags               TEXT    NOT NULL,
    topic_class        TEXT    NOT NULL,
    partitions         INTEGER NOT NULL,
    replication_factor INTEGER NOT NULL,
    retention_ms       BIGINT  NOT NULL,
    version            TEXT    NOT NULL,
    -- What the queue's content was computed with; since when newer content is buffered behind it until it is recomputed.
    schema_hash        TEXT    NOT NULL,
    buffering_since    BIGINT,
    created_at         BIGINT  NOT NULL,
    UNIQUE (node_key, context_key)
);

-- postgres:
CREATE TABLE dm_nodes (
    node_key         BIGINT  NOT NULL PRIMARY KEY,
    node_id          TEXT    NOT NULL UNIQUE,
    node_type        TEXT    NOT NULL,
    interval_s       INTEGER NOT NULL,
    period           INTEGER NOT NULL,
    code_hash        TEXT    NOT NULL,
    schema_compat_id TEXT    NOT NULL,
    params_canon     TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL
);
CREATE TABLE dm_edges (
    node_key   BIGINT  NOT NULL,
    depends_on BIGINT  NOT NULL,
    times      INTEGER NOT NULL,
    PRIMARY KEY (node_key, depends_on)
);
CREATE TABLE dm_queues (
    queue_key          BIGINT  NOT NULL PRIMARY KEY,
    node_key           BIGINT  NOT NULL REFERENCES dm_nodes (node_key),
    context_key        BIGINT  NOT NULL,
    topic              TEXT    NOT NULL UNIQUE,
    tags               TEXT    NOT NULL,
    topic_class        TEXT    NOT NULL,
    partitions         INTEGER NOT NULL,
    replication_factor INTEGER NOT NULL,
    retention_ms       BIGINT  NOT NULL,
    version            TEXT    NOT NULL,
    schema_hash        TEXT    NOT NULL,
    buffering_since    BIGINT,
    created_at         BIGINT  NOT NULL,
    UNIQUE (node_key, context_key)
);

-- both:
CREATE INDEX dm_edges_downstream ON dm_edges (depends_on, node_key);
CREATE INDEX dm_queues_buffering ON dm_queues (buffering_since) WHERE buffering_since IS NOT NULL;

-- A submission's nodes, context and version as one hash, with the queues it is bound to (keys in the order of its nodes, as a JSON array). Valid while none of them
-- was touched by a revision after this one.
CREATE TABLE dm_roots (
    root_key    BIGINT NOT NULL PRIMARY KEY,
    root        TEXT   NOT NULL UNIQUE,
    context_key BIGINT NOT NULL,
    version     TEXT   NOT NULL,
    bindings    TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- What each version of a strategy runs, context by context: the edges from its boundary to nodes and queues are the bindings of the root.
CREATE TABLE dm_sentinel_roots (
    sentinel_id TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    context_key BIGINT NOT NULL,
    root_key    BIGINT NOT NULL REFERENCES dm_roots (root_key),
    PRIMARY KEY (sentinel_id, version, context_key)
);
CREATE INDEX dm_sentinel_roots_by_root ON dm_sentinel_roots (root_key);

-- Tag queries that somebody follows: they are told when their answer changes.
CREATE TABLE dm_tag_subscriptions (
    tags             TEXT    NOT NULL,
    interval_s       INTEGER NOT NULL,
    match_mode       TEXT    NOT NULL,
    world_id         TEXT    NOT NULL,
    execution_domain TEXT    NOT NULL,
    asked_at         BIGINT  NOT NULL,
    PRIMARY KEY (tags, interval_s, match_mode, world_id, execution_domain)
);

INSERT INTO dm_nodes (node_key, node_id, node_type, interval_s, period, code_hash, schema_compat_id, params_canon, created_at)
SELECT ROW_NUMBER() OVER (ORDER BY created_at, node_id), node_id, node_type, interval_s, period, code_hash, schema_compat_id, params_canon, created_at FROM dm_old_nodes;

INSERT INTO dm_edges (node_key, depends_on, times)
SELECT n.node_key, d.node_key, 1 FROM dm_old_edges e JOIN dm_nodes n ON n.node_id = e.node_id JOIN dm_nodes d ON d.node_id = e.depends_on;

INSERT INTO dm_contexts (context_key, world_id, execution_domain, as_of, partition_label)
SELECT ROW_NUMBER() OVER (ORDER BY world_id, execution_domain, as_of, partition_label), world_id, execution_domain, as_of, partition_label
FROM (SELECT DISTINCT world_id, execution_domain, as_of, partition_label FROM dm_old_queues) AS c;

INSERT INTO dm_queues (queue_key, node_key, context_key, topic, tags, topic_class, partitions, replication_factor, retention_ms, version, schema_hash, buffering_since, created_at)
SELECT ROW_NUMBER() OVER (ORDER BY q.created_at, q.topic), n.node_key, c.context_key, q.topic,
-- sqlite:
    (SELECT json_group_array(tag) FROM (SELECT tag FROM dm_node_tags t WHERE t.node_id = q.node_id ORDER BY tag)),
-- postgres:
    COALESCE((SELECT json_agg(tag ORDER BY tag COLLATE "C")::text FROM dm_node_tags t WHERE t.node_id = q.node_id), '[]'),
-- both:
    q.topic_class, q.partitions, q.replication_factor, q.retention_ms, q.version, q.schema_hash, q.buffering_since, q.created_at
FROM dm_old_queues q
JOIN dm_nodes n ON n.node_id = q.node_id
JOIN dm_contexts c ON c.world_id = q.world_id AND c.execution_domain = q.execution_domain AND c.as_of = q.as_of AND c.partition_label = q.partition_label;

-- The submissions themselves are gone: what they were bound to lives on under a name that no submission has.
INSERT INTO dm_roots (root_key, root, context_key, version, bindings, revision, created_at)
SELECT ROW_NUMBER() OVER (ORDER BY s.sentinel_id, q.context_key), 'before:' || s.sentinel_id || ':' || q.context_key, q.context_key, s.version,
-- sqlite:
    json_group_array(q.queue_key),
-- postgres:
    json_agg(q.queue_key)::text,
-- both:
    0, s.created_at
FROM dm_sentinels s
JOIN dm_sentinel_nodes h ON h.sentinel_id = s.sentinel_id
JOIN dm_queues q ON q.topic = h.topic
GROUP BY s.sentinel_id, s.version, s.created_at, q.context_key;

INSERT INTO dm_sentinel_roots (sentinel_id, version, context_key, root_key)
SELECT s.sentinel_id, r.version, r.context_key, r.root_key FROM dm_sentinels s JOIN dm_roots r ON r.root = 'before:' || s.sentinel_id || ':' || r.context_key;

INSERT INTO dm_graph (id, revision, next_key)
SELECT 1, 0, 1 + (SELECT COUNT(*) FROM dm_nodes) + (SELECT COUNT(*) FROM dm_queues) + (SELECT COUNT(*) FROM dm_contexts) + (SELECT COUNT(*) FROM dm_roots);

INSERT INTO dm_cursors (name, revision) VALUES ('queue_updates', 0);

DROP TABLE dm_sentinel_nodes;
DROP TABLE dm_node_tags;
DROP TABLE dm_old_edges;
DROP TABLE dm_old_queues;
DROP TABLE dm_old_nodes;
