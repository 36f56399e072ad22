-- The descriptions of runs that are workflows: the last one is that by which work is handed out.
CREATE TABLE {inventory_workflow} (
    run_id bigint NOT NULL,
    generation bigint NOT NULL,
    digest text NOT NULL,
    description text NOT NULL,
    begun_by text,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (run_id, generation),
    CONSTRAINT {name:inventory_workflow_generation_counted} CHECK (generation > 0)
);
