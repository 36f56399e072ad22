DROP TABLE {inventory_alert};
DROP TABLE {inventory_pipeline};
