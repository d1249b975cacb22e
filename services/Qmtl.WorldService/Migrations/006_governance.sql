-- Who brought a strategy into the world: nobody approves what is their own. Empty where nobody authenticated.
ALTER TABLE ws_bindings ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- Steps of campaigns that were taken, so that none is taken twice.
CREATE TABLE ws_campaign_steps (
    world_id        TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    idempotency_key TEXT   NOT NULL,
    strategy_id     TEXT   NOT NULL,
    run_id          TEXT   NOT NULL,
    actor           TEXT   NOT NULL,
    executed_at     BIGINT NOT NULL,
    PRIMARY KEY (world_id, idempotency_key)
);

CREATE TABLE ws_campaign_leases (
    world_id   TEXT   NOT NULL PRIMARY KEY REFERENCES ws_worlds (world_id),
    holder     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Approvals and rejections. One counts for the content that was reviewed, which input_hash names, and for no other.
CREATE TABLE ws_promotion_reviews (
    world_id    TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT   NOT NULL,
    run_id      TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    comment     TEXT   NOT NULL,
    input_hash  TEXT   NOT NULL,
    reviewed_at BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id, run_id)
);

-- Persons who asked for a forced promotion, each in their own name.
CREATE TABLE ws_force_consents (
    world_id     TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id  TEXT   NOT NULL,
    run_id       TEXT   NOT NULL,
    actor        TEXT   NOT NULL,
    input_hash   TEXT   NOT NULL,
    consented_at BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id, run_id, actor)
);

-- Promotions and demotions that were asked for. How an apply ended stands in ws_apply_runs alone; failed_at says that it never began.
CREATE TABLE ws_promotions (
    world_id        TEXT    NOT NULL REFERENCES ws_worlds (world_id),
    apply_run_id    TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    strategy_id     TEXT    NOT NULL,
    run_id          TEXT    NOT NULL,
    actor           TEXT    NOT NULL,
    second_approver TEXT    NOT NULL,
    forced          BOOLEAN NOT NULL,
    reason          TEXT    NOT NULL,
    -- What the apply was asked, so that asking again asks the same.
    request         TEXT    NOT NULL,
    requested_at    BIGINT  NOT NULL,
    failed_at       BIGINT,
    PRIMARY KEY (world_id, apply_run_id)
);
CREATE INDEX ws_promotions_by_time ON ws_promotions (world_id, requested_at);
