-- What pybatchintory 0.0.8 wrote into a SQLite file, with its two source tables:
--   python write_inventory.py sqlite:////tmp/old.db
--   sqlite3 /tmp/old.db .dump
-- without the first and last lines, which open and close a transaction.
CREATE TABLE docs (
	uid INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item VARCHAR NOT NULL, 
	weight FLOAT
);
INSERT INTO "docs" VALUES(1,'doc-1',NULL);
INSERT INTO "docs" VALUES(2,'doc-2',NULL);
INSERT INTO "docs" VALUES(3,'doc-3',NULL);
INSERT INTO "docs" VALUES(4,'doc-4',NULL);
INSERT INTO "docs" VALUES(5,'doc-5',NULL);
CREATE TABLE files (
	uid INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item VARCHAR NOT NULL, 
	weight FLOAT
);
INSERT INTO "files" VALUES(1,'file-1',2.6);
INSERT INTO "files" VALUES(2,'file-2',2.6);
INSERT INTO "files" VALUES(3,'file-3',2.6);
INSERT INTO "files" VALUES(4,'file-4',2.6);
INSERT INTO "files" VALUES(5,'file-5',2.6);
INSERT INTO "files" VALUES(6,'file-6',2.6);
INSERT INTO "files" VALUES(7,'file-7',2.6);
INSERT INTO "files" VALUES(8,'file-8',2.6);
INSERT INTO "files" VALUES(9,'file-9',2.6);
INSERT INTO "files" VALUES(10,'file-10',2.6);
INSERT INTO "files" VALUES(11,'file-11',2.6);
INSERT INTO "files" VALUES(12,'file-12',2.6);
INSERT INTO "files" VALUES(13,'file-13',2.6);
INSERT INTO "files" VALUES(14,'file-14',2.6);
INSERT INTO "files" VALUES(15,'file-15',2.6);
INSERT INTO "files" VALUES(16,'file-16',2.6);
INSERT INTO "files" VALUES(17,'file-17',2.6);
INSERT INTO "files" VALUES(18,'file-18',2.6);
INSERT INTO "files" VALUES(19,'file-19',2.6);
INSERT INTO "files" VALUES(20,'file-20',2.6);
INSERT INTO "files" VALUES(21,'file-21',2.6);
INSERT INTO "files" VALUES(22,'file-22',2.6);
INSERT INTO "files" VALUES(23,'file-23',2.6);
INSERT INTO "files" VALUES(24,'file-24',2.6);
INSERT INTO "files" VALUES(25,'file-25',2.6);
INSERT INTO "files" VALUES(26,'file-26',2.6);
INSERT INTO "files" VALUES(27,'file-27',2.6);
INSERT INTO "files" VALUES(28,'file-28',2.6);
INSERT INTO "files" VALUES(29,'file-29',2.6);
INSERT INTO "files" VALUES(30,'file-30',2.6);
CREATE TABLE inventory (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	meta_table VARCHAR NOT NULL, 
	job VARCHAR NOT NULL, 
	job_identifier VARCHAR, 
	job_result_item JSON, 
	processing_start DATETIME NOT NULL, 
	processing_end DATETIME, 
	batch_id_start BIGINT NOT NULL, 
	batch_id_end BIGINT NOT NULL, 
	batch_weight INTEGER, 
	batch_count INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	status VARCHAR(9) NOT NULL, 
	logging VARCHAR, 
	config JSON NOT NULL
);
INSERT INTO "inventory" VALUES(1,'files','load',NULL,'{"rows": 4}','2024-07-15 10:00:00','2024-07-15 10:05:00',1,4,10.4,4,1,'succeeded','done','{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(2,'files','load',NULL,'null','2024-10-27 02:30:00','2024-10-27 02:35:00',5,8,10.4,4,1,'failed','disk full','{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 4, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(3,'files','load',NULL,'null','2024-01-15 10:00:00','2024-01-15 10:05:00',9,12,10.4,4,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 8, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(4,'files','load','run-7',NULL,'2024-07-15 10:00:00',NULL,13,16,10.4,4,1,'running',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": "run-7", "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 12, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(5,'docs','load',NULL,'[]','2024-10-27 02:30:00','2024-10-27 02:35:00',1,5,NULL,5,1,'succeeded',NULL,'{"meta_table": {"name": "docs", "cols": {"uid": "uid", "item": "item", "weight": null}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 5, "id_inventory_max": 0, "id_meta_max": 5}');
INSERT INTO "inventory" VALUES(6,'files','slice',NULL,'null','2024-01-15 10:00:00','2024-01-15 10:05:00',2,3,5.2,2,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(7,'files','slice',NULL,'null','2024-07-15 10:00:00','2024-07-15 10:05:00',4,5,5.2,2,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 3, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(8,'files','slice',NULL,'null','2024-10-27 02:30:00','2024-10-27 02:35:00',6,6,2.6,1,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 5, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(9,'files','slice',NULL,'null','2024-01-15 10:00:00','2024-01-15 10:05:00',7,7,2.6,1,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 6, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(10,'files','part',NULL,'null','2024-07-15 10:00:00','2024-07-15 10:05:00',20,22,7.80000000000000071054e+00,3,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "part", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(11,'files','raced',NULL,NULL,'2024-10-27 02:30:00',NULL,1,3,7.80000000000000071054e+00,3,1,'running',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "raced", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(12,'files','raced',NULL,'null','2024-01-15 10:00:00','2024-01-15 10:05:00',1,3,7.80000000000000071054e+00,3,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "raced", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO "inventory" VALUES(13,'files','raced',NULL,'null','2024-07-15 10:00:00','2024-07-15 10:05:00',4,6,7.80000000000000071054e+00,3,1,'succeeded',NULL,'{"meta_table": {"name": "files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "raced", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 3, "id_meta_max": 30}');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('files',30);
INSERT INTO "sqlite_sequence" VALUES('docs',5);
INSERT INTO "sqlite_sequence" VALUES('inventory',13);
