DROP TABLE {inventory_event};
DROP TABLE {inventory_input_log};
