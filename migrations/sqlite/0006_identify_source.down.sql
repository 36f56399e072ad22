ALTER TABLE {inventory_run} DROP COLUMN source_mark;
ALTER TABLE {inventory_run} DROP COLUMN source_witness;
ALTER TABLE {inventory_run} DROP COLUMN rewound_id;
ALTER TABLE {inventory_run} DROP COLUMN hold_reason;
