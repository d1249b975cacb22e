-- Taking submissions in by the batch, and sharing the work on them.

-- When a key was taken: a batch takes over the keys that had expired by then in the statement that inserts the others.
ALTER TABLE gw_dedupe ADD COLUMN taken_at BIGINT NOT NULL DEFAULT 0;

-- Outcomes are rows of their own, written together; the wide row of a submission is then changed by one statement for all.
CREATE TABLE gw_outcomes (
    strategy_id  TEXT NOT NULL PRIMARY KEY REFERENCES gw_strategies (strategy_id),
    outcome_json TEXT NOT NULL
);
INSERT INTO gw_outcomes (strategy_id, outcome_json) SELECT strategy_id, outcome_json FROM gw_strategies WHERE outcome_json <> '';
ALTER TABLE gw_strategies DROP COLUMN outcome_json;

-- Nobody is due to work on what is done: what remains in this index is the queue, oldest first.
UPDATE gw_strategies SET held_until = 9223372036854775807 WHERE status = 'completed';
DROP INDEX gw_strategies_by_status;
CREATE INDEX gw_strategies_by_status ON gw_strategies (status, submitted_at);
CREATE INDEX gw_strategies_waiting ON gw_strategies (submitted_at, strategy_id) WHERE held_until < 9223372036854775807;
