-- The descriptions of runs that are workflows: the last one is that by which work is handed out.
CREATE TABLE {inventory_workflow} (
    run_id INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    digest TEXT NOT NULL,
    description TEXT NOT NULL,
    begun_by TEXT,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, generation),
    CONSTRAINT {name:inventory_workflow_generation_counted} CHECK (generation > 0)
) STRICT;
