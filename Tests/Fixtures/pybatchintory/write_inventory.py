"""Lets pybatchintory 0.0.8 write an inventory that holds all that adoption must cope with.

    python3 -m venv VENV
    VENV/bin/pip install pybatchintory==0.0.8 psycopg2-binary 'pydantic<2'
    VENV/bin/python write_inventory.py sqlite:////tmp/old.db
    VENV/bin/python write_inventory.py postgresql://user@host/database --schema old

It runs with SQLAlchemy 1.4 to 2.1; only pydantic has to be an old one. The source tables `files` and
`docs` are made beside the inventory. The rows are written by the program itself; only the times are
set afterwards, so that they are the same in each run.
"""
import argparse
import datetime

import sqlalchemy as sa
from pybatchintory import acquire_batch, configure, sql
from pybatchintory.batch import Batch
from pybatchintory.sql.models import generate_meta_table

# One start in winter, one in summer, and one in the hour that Europe/Berlin has twice.
STARTS = [
    datetime.datetime(2024, 1, 15, 10, 0, 0),
    datetime.datetime(2024, 7, 15, 10, 0, 0),
    datetime.datetime(2024, 10, 27, 2, 30, 0),
]


def make_sources(schema):
    metadata = sa.MetaData()
    files = generate_meta_table("files", metadata, schema)
    docs = generate_meta_table("docs", metadata, schema)
    engine = sql.db.engine_inventory
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(files),
            [{"uid": i, "item": f"file-{i}", "weight": 2.6} for i in range(1, 31)],
        )
        connection.execute(
            sa.insert(docs), [{"uid": i, "item": f"doc-{i}"} for i in range(1, 6)]
        )


def write_batches(prefix):
    files, docs = prefix + "files", prefix + "docs"

    # A job that went on: 4 items of 2.6 weigh 10.4, kept as 10 where the column is an integer.
    acquire_batch("load", files, batch_count=4).succeeded(result={"rows": 4}, logging="done")
    acquire_batch("load", files, batch_count=4).failed(ValueError("disk full"))
    acquire_batch("load", files, batch_count=4).succeeded()
    acquire_batch("load", files, job_identifier="run-7", batch_count=4)

    # The same job on another source, without weights.
    unweighted = {"weight": None}
    acquire_batch("load", docs, meta_table_cols=unweighted, batch_count=5).succeeded(result=[])

    # A bounded job that overran its bound of 5 (it goes on one item at a time).
    for _ in range(4):
        acquire_batch("slice", files, batch_id_min=2, batch_id_max=5, batch_count=2).succeeded()

    # A bounded job that is not at its end, 27.
    acquire_batch("part", files, batch_id_min=20, batch_id_max=27, batch_count=3).succeeded()

    # Two workers that both passed the check before either had written.
    check = Batch._check_concurrent_change
    acquire_batch("raced", files, batch_count=3)
    Batch._check_concurrent_change = lambda self, connection: None
    read = sql.crud.read_max_meta_id_from_inventory
    sql.crud.read_max_meta_id_from_inventory = lambda **_: 0
    acquire_batch("raced", files, batch_count=3).succeeded()
    Batch._check_concurrent_change = check
    sql.crud.read_max_meta_id_from_inventory = read
    acquire_batch("raced", files, batch_count=3).succeeded()


def set_times():
    table = sql.db.table_inventory
    engine = sql.db.engine_inventory
    # SQLite's own current_timestamp, which the program writes there, has whole seconds.
    spelt = (lambda time: sa.func.datetime(str(time))) if engine.name == "sqlite" else (lambda time: time)
    with engine.begin() as connection:
        for id, ended in connection.execute(sa.select(table.c.id, table.c.processing_end)).all():
            start = STARTS[id % 3]
            end = ended and spelt(start + datetime.timedelta(minutes=5))
            connection.execute(
                sa.update(table)
                .where(table.c.id == id)
                .values(processing_start=spelt(start), processing_end=end)
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--schema")
    parser.add_argument("--table", default="inventory")
    arguments = parser.parse_args()
    url = arguments.url.replace("postgresql://", "postgresql+psycopg2://")
    if arguments.schema:
        # The program gives its enum type no schema: it goes to the first of the search path.
        url += ("&" if "?" in url else "?") + f"options=-csearch_path%3D{arguments.schema}"
    configure(
        settings={
            "INVENTORY_CONN": url,
            "INVENTORY_CONN_SCHEMA": arguments.schema,
            "INVENTORY_TABLE_NAME": arguments.table,
        }
    )
    # The program has this, but nothing in it calls it.
    sql.db.initialize_metadata_backend()
    make_sources(arguments.schema)
    write_batches(f"{arguments.schema}." if arguments.schema else "")
    set_times()


main()
