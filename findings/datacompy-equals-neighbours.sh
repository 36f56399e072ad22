#!/usr/bin/env bash
# datacompy 1.1.0 (pandas 3.0.6, polars 1.33.1), PandasCompare and PolarsCompare of columns of whole
# numbers above 2^53, with the tolerances as they are: 0.
# Expected: 9007199254740993 and 9007199254740992 differ; a tolerance of 0 is none, both columns are
# int64, and neither library has lost a digit when it hands them over.
# Seen: they are equal. The columns are compared as doubles (numpy.isclose), so matches() is true,
# the report has no row, and of times in nanoseconds those within 256 of each other are one. As
# join_columns, and as texts, the same numbers are told apart.
# Who checks a load by it does not see that ids were rounded on their way, which is what they are.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check datacompy==1.1.0 pandas==3.0.6 polars==1.33.1

env/bin/python - <<'PY'
import datacompy
import pandas
import polars

source = dict(id=[1, 2, 3], account=[9007199254740993, 7, 8], at=[1700000000123456789, 5, 6])
rounded = dict(id=[1, 2, 3], account=[9007199254740992, 7, 8], at=[1700000000123456768, 5, 6])
print("datacompy", datacompy.__version__)


def matches(kind, left, right, key="id"):
    frames = [kind(dict(columns)) for columns in (left, right)]
    compare = datacompy.PandasCompare if kind is pandas.DataFrame else datacompy.PolarsCompare
    compared = compare(*frames, join_columns=key)
    return compared.matches(), compared.count_matching_rows()


for kind in (pandas.DataFrame, polars.DataFrame):
    seen = matches(kind, source, rounded)
    print(kind.__module__, "matches, rows:", seen)
    assert seen == (True, 3), seen
    # A difference of 1 in a small number is seen, and so are these as texts and as keys.
    assert matches(kind, source, {**source, "at": [1700000000123456789, 5, 7]}) == (False, 2)
    texts = [
        {name: [str(value) for value in values] for name, values in columns.items()}
        for columns in (source, rounded)
    ]
    assert matches(kind, *texts) == (False, 2)
    assert matches(kind, source, rounded, "account")[0] is False
assert list(pandas.DataFrame(source)["account"] == pandas.DataFrame(rounded)["account"]) == [False, True, True]
PY
