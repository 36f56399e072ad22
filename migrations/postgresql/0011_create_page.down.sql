DROP TABLE {inventory_page};
DROP TABLE {inventory_page_list};
