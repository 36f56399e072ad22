DROP INDEX {inventory_attempt_failed_idx};
DROP INDEX {inventory_split_idx};
DROP TABLE {inventory_tally};
