#!/usr/bin/env bash
# deepdiff 9.1.0, changes as flat rows (Delta.to_flat_dicts, to_flat_rows), which are there to be
# stored, and applied with Delta(flat_dict_list=...).
# Expected: the new document, as for every other change, and as for the Delta that the rows are of.
# Seen: where a value changes its type only (7 to "7", "12" to 12, 1.0 to 1, true to 1), the row has
# the text "unknown___" as the value, and applying it writes that text into the document. No word,
# and no error. With always_include_values=True, or bidirectional=True, the value is there.
# A log of changes that is played back replaces ids and amounts where a source turns text to number.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check deepdiff==9.1.0

env/bin/python - <<'PY'
import deepdiff
from deepdiff import DeepDiff, Delta

before = {"id": 7, "quantity": "12", "price": 1.0, "open": True, "city": "York", "note": None}
after = {"id": "7", "quantity": 12, "price": 1, "open": 1, "city": "Leeds", "note": "new"}
text = "unknown___"
delta = Delta(DeepDiff(before, after))
assert before + delta == after and type((before + delta)["price"]) is int

rows = delta.to_flat_dicts()
seen = before + Delta(flat_dict_list=rows, raise_errors=True)
print("deepdiff", deepdiff.__version__, "rows:", {row["path"][0]: row["value"] for row in rows})
print("applied:", seen)
assert seen == {**dict.fromkeys(("id", "quantity", "price", "open"), text), "city": "Leeds",
                "note": "new"}, seen
assert before + Delta(flat_rows_list=delta.to_flat_rows(), raise_errors=True) == seen
for option in ({"always_include_values": True}, {"bidirectional": True}):
    rows = Delta(DeepDiff(before, after), **option).to_flat_dicts()
    assert before + Delta(flat_dict_list=rows, raise_errors=True, **option) == after, option
PY
