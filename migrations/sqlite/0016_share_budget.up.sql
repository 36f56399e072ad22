-- How a run ranks among those that share its budgets.
ALTER TABLE {inventory_run} ADD COLUMN share REAL NOT NULL DEFAULT 1;
ALTER TABLE {inventory_run} ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- It names the set of budgets that limits the run: another number after each change of the set.
ALTER TABLE {inventory_run} RENAME COLUMN is_limited TO budget_set;

-- How much weight is let in per second, and how much of that is kept.
ALTER TABLE {inventory_budget} ADD COLUMN rate REAL CHECK (rate > 0);
ALTER TABLE {inventory_budget} ADD COLUMN burst REAL CHECK (burst > 0);

-- Whose batch was let in.
ALTER TABLE {inventory_let_in} ADD COLUMN run_id INTEGER;
UPDATE {inventory_let_in} SET run_id = (
    SELECT r.id
    FROM {inventory_run} AS r JOIN {inventory} AS b
        ON b.meta_table = r.meta_table AND b.job = r.job AND b.run = r.run
    WHERE b.id = batch_id
);

-- What a rate has left: the last row counts; the budget's row stays as it is.
CREATE TABLE {inventory_charge} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    budget_id INTEGER NOT NULL,
    tokens REAL NOT NULL,
    charged_at INTEGER NOT NULL
) STRICT;
CREATE INDEX {name:inventory_charge_idx} ON {inventory_charge} (budget_id, id);

-- The runs that had something to hand out which a budget alone refused. Rewritten only when it would
-- soon lapse: who died does not wait.
CREATE TABLE {inventory_waiting} (
    budget_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    worker TEXT,
    weight REAL NOT NULL,
    waits_since INTEGER NOT NULL,
    waits_until INTEGER NOT NULL,
    PRIMARY KEY (budget_id, run_id)
) STRICT;
