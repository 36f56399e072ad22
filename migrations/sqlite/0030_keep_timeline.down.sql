ALTER TABLE {inventory_run} DROP COLUMN timeline;
ALTER TABLE {inventory_run} DROP COLUMN source_promotion;
