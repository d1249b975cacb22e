ALTER TABLE bus_topic ADD COLUMN retention_bytes BIGINT;

-- With a broker: how far the outbox has been handed on, and who may do so until when.
CREATE TABLE bus_relay (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    relayed BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE bus_relay_lease (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
