-- Questions from outside that hold back a budget until they are answered well.
CREATE TABLE {inventory_probe} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    budget_id INTEGER NOT NULL,
    -- What is asked, and what is known of the answers, as JSON.
    question TEXT NOT NULL,
    state TEXT NOT NULL,
    interval_ms INTEGER NOT NULL,
    timeout_ms INTEGER NOT NULL,
    holds_when_unreachable INTEGER NOT NULL,
    -- Until when it lets go on; NULL while it does not.
    open_until INTEGER,
    -- The state is replaced by compare and set.
    version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX {name:inventory_probe_budget_idx} ON {inventory_probe} (budget_id);

-- Until when all probes of a budget let go on; NULL without any.
ALTER TABLE {inventory_budget} ADD COLUMN open_until INTEGER;
