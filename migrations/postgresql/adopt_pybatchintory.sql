-- Takes over a table that pybatchintory 0.0.8 wrote, in the place of 0001.
ALTER TABLE {inventory}
    ALTER COLUMN meta_table TYPE text,
    ALTER COLUMN job TYPE text,
    ALTER COLUMN job_identifier TYPE text,
    ALTER COLUMN logging TYPE text,
    ALTER COLUMN status DROP DEFAULT,
    ALTER COLUMN status TYPE text USING status::text,
    ALTER COLUMN batch_weight TYPE double precision,
    ALTER COLUMN processing_start TYPE timestamptz USING processing_start AT TIME ZONE {zone},
    ALTER COLUMN processing_end TYPE timestamptz USING processing_end AT TIME ZONE {zone},
    ALTER COLUMN attempt SET DEFAULT 1,
    ADD COLUMN run text NOT NULL DEFAULT '',
    ADD COLUMN kind text NOT NULL DEFAULT 'incremental',
    ADD COLUMN cover_start bigint,
    ADD COLUMN item_ids text,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN worker text,
    ADD COLUMN lease_expires_at timestamptz,
    ADD COLUMN retry_at timestamptz,
    ADD COLUMN request text,
    ADD COLUMN parent_id bigint,
    ADD COLUMN completion bigint;

ALTER TABLE {inventory} ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE {inventory} SET (fillfactor = 80);
