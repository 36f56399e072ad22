DROP TABLE {inventory_uid};
DROP TABLE {inventory_registry};
