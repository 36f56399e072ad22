DROP TABLE {inventory_attempt};
DROP TABLE {inventory_run};
DROP INDEX {name:inventory_request_idx};
DROP INDEX {name:inventory_due_idx};
