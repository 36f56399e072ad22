-- An allowance of batches in flight: of the runs that refer to it, or of the one run whose
-- parallelism it is.
CREATE TABLE {inventory_budget} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    run_id INTEGER UNIQUE,
    -- At most so many batches, and so much weight, are held at once; NULL for any.
    batches INTEGER,
    weight REAL,
    pause_reason TEXT,
    parked_until INTEGER,
    park_reason TEXT,
    -- What was let in is in inventory_let_in behind this entry; the row stays as it is meanwhile.
    folded_to INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT {name:inventory_budget_named_or_a_runs} CHECK ((name IS NULL) <> (run_id IS NULL)),
    CONSTRAINT {name:inventory_budget_batches_not_negative} CHECK (batches >= 0),
    CONSTRAINT {name:inventory_budget_weight_not_negative} CHECK (weight >= 0)
) STRICT;

-- The named budgets that a run refers to.
CREATE TABLE {inventory_run_budget} (
    run_id INTEGER NOT NULL,
    budget_id INTEGER NOT NULL,
    PRIMARY KEY (run_id, budget_id)
) STRICT;

-- The attempts that a budget let in: each counts as long as its lease lasts, by the batch's own row, so
-- that nothing has to be given back. Entries are appended; those that still count are copied to the end,
-- and the others removed, every now and then.
CREATE TABLE {inventory_let_in} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    budget_id INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL
) STRICT;
CREATE INDEX {name:inventory_let_in_idx} ON {inventory_let_in} (budget_id, id);

-- Who changed a budget or a run, when, from what to what, and why.
CREATE TABLE {inventory_change} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The budget's name, or NULL and the run.
    budget TEXT,
    run_id INTEGER,
    changed_at INTEGER NOT NULL,
    changed_by TEXT,
    what TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    reason TEXT
) STRICT;
CREATE INDEX {name:inventory_change_run_idx} ON {inventory_change} (run_id, id);
CREATE INDEX {name:inventory_change_budget_idx} ON {inventory_change} (budget, id);

-- Whether any budget limits the run: an acquire of others looks for none.
ALTER TABLE {inventory_run} ADD COLUMN is_limited INTEGER NOT NULL DEFAULT 0;
