-- Who brought a submission: JSON, empty where nobody authenticated. The work on it outlives the call that brought it.
ALTER TABLE gw_strategies ADD COLUMN submitter TEXT NOT NULL DEFAULT '';
