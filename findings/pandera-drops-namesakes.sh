#!/usr/bin/env bash
# pandera 0.35.0 (pandas 3.1.1), drop_invalid_rows on a frame whose index repeats itself, as
# pandas.concat makes it of several batches.
# Expected: the rows that fail a check are dropped, and no others.
# Seen: each row that has the index of a failing row is dropped with it: one bad row takes the row
# of the same number out of the other batches. Nothing tells of them. Where each row has an index
# of its own (ignore_index) the bad row is dropped alone.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pandera==0.35.0 pandas==3.1.1 numpy==2.4.6

env/bin/python - <<'PY'
from importlib.metadata import version

import pandas as pd
import pandera.pandas as pa

batches = [
    pd.DataFrame({"id": [1, 2, 3], "amount": [10, -5, 30]}),
    pd.DataFrame({"id": [4, 5, 6], "amount": [40, 50, 60]}),
    pd.DataFrame({"id": [7, 8], "amount": [70, 80]}),
]
checks = {"id": pa.Column(int), "amount": pa.Column(int, pa.Check.gt(0))}
schema = pa.DataFrameSchema(checks, drop_invalid_rows=True)
own, repeated = pd.concat(batches, ignore_index=True), pd.concat(batches)
right = schema.validate(own, lazy=True)["id"].to_list()
seen = schema.validate(repeated, lazy=True)["id"].to_list()
print("pandera", version("pandera"), "own index:", right, "repeated:", seen)
assert right == [1, 3, 4, 5, 6, 7, 8], right
assert seen == [1, 3, 4, 6, 7], seen

amounts = pa.SeriesSchema(int, pa.Check.gt(0), drop_invalid_rows=True)
series = amounts.validate(repeated["amount"], lazy=True).to_list()
print("as a series:", series)
assert series == [10, 30, 40, 60, 70], series
PY
