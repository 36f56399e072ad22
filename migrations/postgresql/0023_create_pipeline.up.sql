-- The descriptions of pipelines: the last one is that by which they run.
CREATE TABLE {inventory_pipeline} (
    name text NOT NULL,
    generation bigint NOT NULL,
    digest text NOT NULL,
    -- Null where the pipeline was removed.
    description text,
    applied_by text,
    reason text,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (name, generation),
    CONSTRAINT {name:inventory_pipeline_generation_counted} CHECK (generation > 0)
);

-- What has been sent of the alerts of pipelines.
CREATE TABLE {inventory_alert} (
    pipeline text NOT NULL,
    alert text NOT NULL,
    subject text NOT NULL,
    condition text NOT NULL,
    -- Whoever changes a row must know the last one.
    version bigint NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (pipeline, alert, subject, condition)
);
