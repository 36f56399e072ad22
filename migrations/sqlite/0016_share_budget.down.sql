DROP TABLE {inventory_waiting};
DROP TABLE {inventory_charge};
ALTER TABLE {inventory_let_in} DROP COLUMN run_id;
ALTER TABLE {inventory_budget} DROP COLUMN rate;
ALTER TABLE {inventory_budget} DROP COLUMN burst;
ALTER TABLE {inventory_run} RENAME COLUMN budget_set TO is_limited;
UPDATE {inventory_run} SET is_limited = 1 WHERE is_limited <> 0;
ALTER TABLE {inventory_run} DROP COLUMN share;
ALTER TABLE {inventory_run} DROP COLUMN priority;
