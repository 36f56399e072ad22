DROP INDEX {inventory_failed_idx};
