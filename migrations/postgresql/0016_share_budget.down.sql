DROP SEQUENCE {inventory_flush};
DROP TABLE {inventory_waiting};
DROP TABLE {inventory_charge};
ALTER TABLE {inventory_let_in} DROP COLUMN run_id;
ALTER TABLE {inventory_budget} DROP COLUMN rate, DROP COLUMN burst;
ALTER TABLE {inventory_run} RENAME COLUMN budget_set TO is_limited;
UPDATE {inventory_run} SET is_limited = 1 WHERE is_limited <> 0;
ALTER TABLE {inventory_run} ALTER COLUMN is_limited TYPE integer;
ALTER TABLE {inventory_run} DROP COLUMN share, DROP COLUMN priority;
