DROP INDEX {name:inventory_failed_idx};
