DROP TABLE {inventory};
