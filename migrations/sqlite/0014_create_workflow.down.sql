DROP TABLE {inventory_workflow};
