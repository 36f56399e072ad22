DROP INDEX {inventory_unnumbered_idx};
DROP INDEX {inventory_completion_idx};
ALTER TABLE {inventory_run} DROP COLUMN is_upstream;
