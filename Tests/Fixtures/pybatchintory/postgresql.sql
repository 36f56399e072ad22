-- What pybatchintory 0.0.8 wrote into PostgreSQL 15, with its two source tables:
--   python write_inventory.py postgresql://postgres@127.0.0.1/tests --schema old
--   pg_dump --schema old --no-owner --column-inserts
-- without settings of the session, comments and the schema itself, whose name a test replaces.
CREATE TYPE old.status_enum AS ENUM (
    'running',
    'succeeded',
    'failed'
);

CREATE TABLE old.docs (
    uid bigint NOT NULL,
    item character varying NOT NULL,
    weight double precision
);

CREATE SEQUENCE old.docs_uid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE old.docs_uid_seq OWNED BY old.docs.uid;

CREATE TABLE old.files (
    uid bigint NOT NULL,
    item character varying NOT NULL,
    weight double precision
);

CREATE SEQUENCE old.files_uid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE old.files_uid_seq OWNED BY old.files.uid;

CREATE TABLE old.inventory (
    id bigint NOT NULL,
    meta_table character varying NOT NULL,
    job character varying NOT NULL,
    job_identifier character varying,
    job_result_item json,
    processing_start timestamp without time zone NOT NULL,
    processing_end timestamp without time zone,
    batch_id_start bigint NOT NULL,
    batch_id_end bigint NOT NULL,
    batch_weight integer,
    batch_count integer NOT NULL,
    attempt integer NOT NULL,
    status old.status_enum NOT NULL,
    logging character varying,
    config json NOT NULL
);

CREATE SEQUENCE old.inventory_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE old.inventory_id_seq OWNED BY old.inventory.id;

ALTER TABLE ONLY old.docs ALTER COLUMN uid SET DEFAULT nextval('old.docs_uid_seq'::regclass);

ALTER TABLE ONLY old.files ALTER COLUMN uid SET DEFAULT nextval('old.files_uid_seq'::regclass);

ALTER TABLE ONLY old.inventory ALTER COLUMN id SET DEFAULT nextval('old.inventory_id_seq'::regclass);

INSERT INTO old.docs (uid, item, weight) VALUES (1, 'doc-1', NULL);
INSERT INTO old.docs (uid, item, weight) VALUES (2, 'doc-2', NULL);
INSERT INTO old.docs (uid, item, weight) VALUES (3, 'doc-3', NULL);
INSERT INTO old.docs (uid, item, weight) VALUES (4, 'doc-4', NULL);
INSERT INTO old.docs (uid, item, weight) VALUES (5, 'doc-5', NULL);

INSERT INTO old.files (uid, item, weight) VALUES (1, 'file-1', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (2, 'file-2', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (3, 'file-3', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (4, 'file-4', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (5, 'file-5', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (6, 'file-6', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (7, 'file-7', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (8, 'file-8', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (9, 'file-9', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (10, 'file-10', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (11, 'file-11', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (12, 'file-12', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (13, 'file-13', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (14, 'file-14', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (15, 'file-15', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (16, 'file-16', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (17, 'file-17', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (18, 'file-18', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (19, 'file-19', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (20, 'file-20', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (21, 'file-21', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (22, 'file-22', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (23, 'file-23', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (24, 'file-24', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (25, 'file-25', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (26, 'file-26', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (27, 'file-27', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (28, 'file-28', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (29, 'file-29', 2.6);
INSERT INTO old.files (uid, item, weight) VALUES (30, 'file-30', 2.6);

INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (1, 'old.files', 'load', NULL, '{"rows": 4}', '2024-07-15 10:00:00', '2024-07-15 10:05:00', 1, 4, 10, 4, 1, 'succeeded', 'done', '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (2, 'old.files', 'load', NULL, 'null', '2024-10-27 02:30:00', '2024-10-27 02:35:00', 5, 8, 10, 4, 1, 'failed', 'disk full', '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 4, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (3, 'old.files', 'load', NULL, 'null', '2024-01-15 10:00:00', '2024-01-15 10:05:00', 9, 12, 10, 4, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 8, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (4, 'old.files', 'load', 'run-7', NULL, '2024-07-15 10:00:00', NULL, 13, 16, 10, 4, 1, 'running', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "load", "job_identifier": "run-7", "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 4, "id_inventory_max": 12, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (5, 'old.docs', 'load', NULL, '[]', '2024-10-27 02:30:00', '2024-10-27 02:35:00', 1, 5, NULL, 5, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.docs", "cols": {"uid": "uid", "item": "item", "weight": null}}, "job": "load", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 5, "id_inventory_max": 0, "id_meta_max": 5}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (6, 'old.files', 'slice', NULL, 'null', '2024-01-15 10:00:00', '2024-01-15 10:05:00', 2, 3, 5, 2, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (7, 'old.files', 'slice', NULL, 'null', '2024-07-15 10:00:00', '2024-07-15 10:05:00', 4, 5, 5, 2, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 3, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (8, 'old.files', 'slice', NULL, 'null', '2024-10-27 02:30:00', '2024-10-27 02:35:00', 6, 6, 3, 1, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 5, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (9, 'old.files', 'slice', NULL, 'null', '2024-01-15 10:00:00', '2024-01-15 10:05:00', 7, 7, 3, 1, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "slice", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 2, "id_inventory_max": 6, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (10, 'old.files', 'part', NULL, 'null', '2024-07-15 10:00:00', '2024-07-15 10:05:00', 20, 22, 8, 3, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "part", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (11, 'old.files', 'raced', NULL, NULL, '2024-10-27 02:30:00', NULL, 1, 3, 8, 3, 1, 'running', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "raced", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (12, 'old.files', 'raced', NULL, 'null', '2024-01-15 10:00:00', '2024-01-15 10:05:00', 1, 3, 8, 3, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "raced", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 0, "id_meta_max": 30}');
INSERT INTO old.inventory (id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end, batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config) VALUES (13, 'old.files', 'raced', NULL, 'null', '2024-07-15 10:00:00', '2024-07-15 10:05:00', 4, 6, 8, 3, 1, 'succeeded', NULL, '{"meta_table": {"name": "old.files", "cols": {"uid": "uid", "item": "item", "weight": "weight"}}, "job": "raced", "job_identifier": null, "batch_id_min": 0, "batch_id_max": null, "batch_weight": null, "batch_count": 3, "id_inventory_max": 3, "id_meta_max": 30}');

SELECT pg_catalog.setval('old.docs_uid_seq', 1, false);

SELECT pg_catalog.setval('old.files_uid_seq', 1, false);

SELECT pg_catalog.setval('old.inventory_id_seq', 13, true);

ALTER TABLE ONLY old.docs
    ADD CONSTRAINT docs_pkey PRIMARY KEY (uid);

ALTER TABLE ONLY old.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (uid);

ALTER TABLE ONLY old.inventory
    ADD CONSTRAINT inventory_pkey PRIMARY KEY (id);

