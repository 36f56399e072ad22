-- What is known of the thing under the name of a run's source: what tells it from any other, what a look
-- at its content is compared with, how low its highest id was once it lay below the cursor, and why the
-- run is held.
ALTER TABLE {inventory_run} ADD COLUMN source_mark TEXT;
ALTER TABLE {inventory_run} ADD COLUMN source_witness TEXT;
ALTER TABLE {inventory_run} ADD COLUMN rewound_id INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN hold_reason TEXT;
