DROP TABLE {inventory_output};
