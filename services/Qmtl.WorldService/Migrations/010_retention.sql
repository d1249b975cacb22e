-- What retention looks for is found by age.
CREATE INDEX ws_run_revisions_by_age ON ws_run_revisions (recorded_at);
CREATE INDEX ws_rebalance_runs_by_age ON ws_rebalance_runs (created_at);
