-- How far each strategy has come in its world. No row: backtest. Only a completed promotion writes live.
CREATE TABLE ws_stages (
    world_id    TEXT   NOT NULL REFERENCES ws_worlds (world_id),
    strategy_id TEXT   NOT NULL,
    stage       TEXT   NOT NULL,
    run_id      TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    PRIMARY KEY (world_id, strategy_id)
);
