-- Fills that were taken in, and batches of rebalancing orders that were sent.

-- One row for each fill of an order: the primary key is what refuses a copy.
CREATE TABLE gw_fills (
    world_id     TEXT   NOT NULL,
    strategy_id  TEXT   NOT NULL,
    order_id     TEXT   NOT NULL,
    -- The sequence of the fill within its order, or else its etag.
    fill_key     TEXT   NOT NULL,
    -- SHA-256 of the fill: a copy has the same.
    content_hash TEXT   NOT NULL,
    -- Place among the fills of its world, from 1, without gaps.
    fill_offset  BIGINT NOT NULL,
    fill_json    TEXT   NOT NULL,
    received_at  BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id, order_id, fill_key)
);
CREATE UNIQUE INDEX gw_fills_by_offset ON gw_fills (world_id, fill_offset);
CREATE INDEX gw_fills_by_time ON gw_fills (world_id, received_at);

-- Signed requests that were served: none is served twice.
CREATE TABLE gw_fill_nonces (
    nonce      TEXT   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX gw_fill_nonces_by_expiry ON gw_fill_nonces (expires_at);

-- A batch is sent once: who repeats a run is answered with what was sent.
CREATE TABLE gw_rebalance_batches (
    batch_id      TEXT   NOT NULL PRIMARY KEY,
    request_hash  TEXT   NOT NULL,
    response_json TEXT   NOT NULL,
    submitted_by  TEXT   NOT NULL,
    submitted_at  BIGINT NOT NULL
);
