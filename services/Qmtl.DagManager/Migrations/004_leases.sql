-- Who computes a node in a context over certain inputs. A row stays when its lease has ended: the next holder's epoch must be higher than the last one's.

CREATE TABLE dm_node_leases (
    stream_id   TEXT    NOT NULL PRIMARY KEY,
    node_id     TEXT    NOT NULL,
    compute_key TEXT    NOT NULL,
    inputs      TEXT    NOT NULL,
    world_id    TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    -- Empty when it was given up.
    owner       TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    expires_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);
CREATE INDEX dm_node_leases_by_owner ON dm_node_leases (owner, expires_at);
CREATE INDEX dm_node_leases_by_topic ON dm_node_leases (topic, expires_at);
