#!/usr/bin/env bash
# avro 1.12.2 (Apache's own Python library), decimals of the logical type "decimal" with scale 2, as bytes and as fixed.
# Expected: the value that was written, as scale 2 holds each value that has up to two places. One that has more is
# refused: the writer looks at the places.
# Seen: the digits are written without regard to the places that they have: 1.1 is read as 0.11, 100 as 1.00, 0.5 as
# 0.05, and 1E+2 as 0.01. Only values with exactly two places come back. No error and no warning, and the file is wrong:
# fastavro 1.13.1 reads the same from it.
# Amounts that come from JSON, CSV or a database's NUMERIC have the places that they have, so a batch mixes both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check avro==1.12.2 fastavro==1.13.1

env/bin/python -W error - <<'PY'
import json
from decimal import Decimal
from importlib.metadata import version

import avro.datafile
import avro.io
import avro.schema
import fastavro

logical = {"logicalType": "decimal", "precision": 9, "scale": 2}
types = {"bytes": {"type": "bytes", **logical}, "fixed": {"type": "fixed", "name": "amount_type", "size": 6, **logical}}
written = [Decimal(text) for text in ("1.10", "1.1", "100", "0.5", "-7", "1E+2", "19.99")]
expected = [Decimal(text) for text in ("1.10", "0.11", "1.00", "0.05", "-0.07", "0.01", "19.99")]
print("avro", version("avro"), "written", *written)
for name, kind in types.items():
    record = {"type": "record", "name": "payment", "fields": [{"name": "amount", "type": kind}]}
    schema = avro.schema.parse(json.dumps(record))
    with avro.datafile.DataFileWriter(open(name, "wb"), avro.io.DatumWriter(), schema) as writer:
        for amount in written:
            writer.append({"amount": amount})
        try:
            writer.append({"amount": Decimal("1.005")})
        except Exception as error:
            print("refused: 1.005,", type(error).__name__)
        else:
            raise SystemExit("1.005 was taken")
    with avro.datafile.DataFileReader(open(name, "rb"), avro.io.DatumReader()) as reader:
        read = [row["amount"] for row in reader]
    print(name, "read", *read)
    assert read == expected, read
    with open(name, "rb") as file:
        assert [row["amount"] for row in fastavro.reader(file)] == expected
PY
