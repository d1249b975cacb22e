-- How far each strategy has come in its world. No row: backtest. Only a completed promotion writes live.
CREATE TABLE ws_stages (
    world_id    TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT   NOT NULL,
    stage       TEXT   NOT NULL,
    run_id      TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id)
);

-- An operator lets the whole world compute beside live without orders.
ALTER TABLE ws_worlds ADD COLUMN shadow BOOLEAN NOT NULL DEFAULT FALSE;

-- When an operator last reset the risk circuit: what was known before does not trip it again.
ALTER TABLE ws_worlds ADD COLUMN circuit_reset_at BIGINT;

-- The most an operator lets an entry do; NULL means whatever the world and the stage allow.
ALTER TABLE ws_activation ADD COLUMN mode_limit TEXT;
