-- Risk Signal Hub. A snapshot never changes; what is large of it lies in a blob.
CREATE TABLE ws_risk_snapshots (
    world_id   TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    version    TEXT    NOT NULL,
    -- Counts the snapshots of the world from 1.
    sequence   BIGINT  NOT NULL,
    as_of      BIGINT  NOT NULL,
    stage      TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    ttl_sec    INTEGER NOT NULL,
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    payload    TEXT    NOT NULL,
    PRIMARY KEY (world_id, version)
);
CREATE UNIQUE INDEX ws_risk_snapshots_by_sequence ON ws_risk_snapshots (world_id, sequence);
CREATE INDEX ws_risk_snapshots_by_time ON ws_risk_snapshots (world_id, as_of, sequence);

-- Where each blob of a world lies: in the row itself, or in the blob store under its location. A location is used once, so that
-- deleting an old blob never hits a new one of the same content.
CREATE TABLE ws_risk_blobs (
    world_id   TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    ref        TEXT   NOT NULL,
    location   TEXT   NOT NULL,
    touched_at BIGINT NOT NULL,
    -- sqlite:
    content    BLOB,
    -- postgres:
    content    BYTEA,
    -- both:
    PRIMARY KEY (world_id, ref)
);

CREATE TABLE ws_risk_blob_uses (
    world_id TEXT NOT NULL REFERENCES ws_worlds (world_id),
    version  TEXT NOT NULL,
    ref      TEXT NOT NULL,
    PRIMARY KEY (world_id, version, ref)
);
CREATE INDEX ws_risk_blob_uses_by_ref ON ws_risk_blob_uses (world_id, ref);
