#!/usr/bin/env bash
# singer-python 6.8.0, singer.transform, with which taps bring records to the types of their schema.
# Expected: "1,5" is one and a half, or the error that "1.5.0" and "n/a" are.
# Seen: commas are taken out of numbers and integers: "1,5" is 15, "0,25" is 25, "12,34" is 1234.
# An integer cuts 1.9 to 1, while "1.9" is refused. As a boolean "no", "0" and "f" are true, and
# "false" alone is not. An object as a string is Python's {'a': None}, which no JSON reader takes.
# A source with decimal commas is loaded tenfold or more, and nothing fails.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check singer-python==6.8.0

env/bin/python - <<'PY'
from importlib.metadata import version

import singer
from singer.transform import SchemaMismatch


def transform(kind, value):
    schema = {"type": "object", "properties": {"x": {"type": ["null", kind]}}}
    return singer.transform({"x": value}, schema)["x"]


print("singer-python", version("singer-python"))
for kind, value in (("number", "1.5.0"), ("number", "n/a"), ("integer", "1.9"), ("integer", "n/a")):
    try:
        transform(kind, value)
    except SchemaMismatch:
        print("refused:", kind, value)
    else:
        raise SystemExit(f"{value} was taken")
for kind, value, expected in (
    ("number", "1.5", 1.5),
    ("number", "1,5", 15.0),
    ("number", "0,25", 25.0),
    ("number", "-12,34", -1234.0),
    ("integer", "1,5", 15),
    ("integer", 1.9, 1),
    ("boolean", "false", False),
    ("boolean", "no", True),
    ("boolean", "0", True),
    ("boolean", "f", True),
    ("string", {"a": None}, "{'a': None}"),
):
    seen = transform(kind, value)
    print(kind, repr(value), "->", repr(seen))
    assert seen == expected and type(seen) is type(expected), seen
PY
