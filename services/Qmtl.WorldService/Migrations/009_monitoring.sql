-- Who monitors a world now, so that replicas do it once, and what came of the last time.
CREATE TABLE ws_live_monitoring (
    world_id    TEXT   NOT NULL PRIMARY KEY REFERENCES ws_worlds (world_id),
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL,
    last_run_at BIGINT,
    last_status TEXT   NOT NULL,
    last_reason TEXT   NOT NULL
);
