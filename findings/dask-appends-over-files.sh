#!/usr/bin/env bash
# dask 2026.8.0 (pandas 3.1.1, pyarrow 26.0.1), to_parquet with append=True into a folder of which
# files were removed, or that another tool has compacted.
# Expected: new files beside those that are there, whatever their names; append is said to add to
# an existing data set.
# Seen: the new files are numbered from the count of the files. Of part.0 to part.2 the oldest was
# removed, so the next is part.2 again, and replaces the one that is there. Where the days were put
# into one part.1.parquet, the next day replaces all of them. No error and no warning, also with
# partition_on.
# A folder that keeps the last days loses the newest of them with the day that comes in.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check 'dask[dataframe]==2026.8.0' pandas==3.1.1 \
    pyarrow==26.0.1 numpy==2.4.6

env/bin/python -W error::UserWarning -W error::RuntimeWarning - <<'PY'
import os
from importlib.metadata import version

import dask.dataframe as dd
import pandas as pd
import pyarrow.parquet as pq


def append(folder, day, **options):
    frame = dd.from_pandas(pd.DataFrame({"day": [day], "shop": ["york"]}), npartitions=1)
    frame.to_parquet(folder, append=True, ignore_divisions=True, write_index=False, **options)


def files(folder):
    return sorted(name for _, _, names in os.walk(folder) for name in names)


def days(folder):
    return sorted(dd.read_parquet(folder).compute()["day"].tolist())


print("dask", version("dask"))
for folder, options in (("plain", {}), ("by_shop", {"partition_on": ["shop"]})):
    for day in (1, 2, 3):
        append(folder, day, **options)
    assert days(folder) == [1, 2, 3], days(folder)
    assert files(folder) == [f"part.{number}.parquet" for number in range(3)], files(folder)
    inner = "shop=york" if options else "."
    os.remove(os.path.join(folder, inner, "part.0.parquet"))
    append(folder, 4, **options)
    print(folder, "without day 1, with day 4:", files(folder), days(folder))
    assert files(folder) == ["part.1.parquet", "part.2.parquet"], files(folder)
    assert days(folder) == [2, 4], days(folder)

for day in (1, 2, 3):
    append("whole", day)
whole = pq.read_table("whole")
for name in files("whole"):
    os.remove(os.path.join("whole", name))
pq.write_table(whole, "whole/part.1.parquet")
assert days("whole") == [1, 2, 3], days("whole")
append("whole", 4)
print("compacted, with day 4:", files("whole"), days("whole"))
assert days("whole") == [4], days("whole")
PY
