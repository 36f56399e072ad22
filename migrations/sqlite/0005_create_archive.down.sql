DROP TABLE {inventory_archive};
