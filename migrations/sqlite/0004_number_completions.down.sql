DROP INDEX {name:inventory_unnumbered_idx};
DROP INDEX {name:inventory_completion_idx};
ALTER TABLE {inventory_run} DROP COLUMN is_upstream;
