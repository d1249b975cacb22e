CREATE TABLE bus_topic (
    topic TEXT NOT NULL PRIMARY KEY,
    partitions INTEGER NOT NULL CHECK (partitions > 0),
    retention_ms BIGINT NOT NULL,
    keep_uncommitted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- The counter: locked by each append until its commit, which makes offsets gapless and their order the order of commits.
CREATE TABLE bus_partition (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    low_offset BIGINT NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- One row for each partition that a group has met: what it has handled, and who in the group owns the partition until when.
CREATE TABLE bus_group_partition (
    group_name TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    committed BIGINT NOT NULL,
    owner TEXT,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (group_name, topic, partition)
);

CREATE TABLE bus_group_member (
    group_name TEXT NOT NULL,
    member_id TEXT NOT NULL,
    topics TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (group_name, member_id)
);

-- sqlite:
CREATE TABLE bus_log (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    log_offset BIGINT NOT NULL,
    message_key TEXT NOT NULL,
    message_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    payload BLOB NOT NULL,
    ts BIGINT NOT NULL,
    PRIMARY KEY (topic, partition, log_offset)
) WITHOUT ROWID;

-- postgres:
CREATE TABLE bus_log (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    log_offset BIGINT NOT NULL,
    message_key TEXT NOT NULL,
    message_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    payload BYTEA NOT NULL,
    ts BIGINT NOT NULL,
    PRIMARY KEY (topic, partition, log_offset)
);
-- The counters are updated all the time and hold few rows: room on the page keeps updates in place, early vacuum keeps the table small.
ALTER TABLE bus_partition SET (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
