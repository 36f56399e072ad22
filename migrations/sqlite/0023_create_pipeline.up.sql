-- The descriptions of pipelines: the last one is that by which they run.
CREATE TABLE {inventory_pipeline} (
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    digest TEXT NOT NULL,
    -- Null where the pipeline was removed.
    description TEXT,
    applied_by TEXT,
    reason TEXT,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (name, generation),
    CONSTRAINT {name:inventory_pipeline_generation_counted} CHECK (generation > 0)
) STRICT;

-- What has been sent of the alerts of pipelines.
CREATE TABLE {inventory_alert} (
    pipeline TEXT NOT NULL,
    alert TEXT NOT NULL,
    subject TEXT NOT NULL,
    condition TEXT NOT NULL,
    -- Whoever changes a row must know the last one.
    version INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (pipeline, alert, subject, condition)
) STRICT;
