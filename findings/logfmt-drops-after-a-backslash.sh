#!/usr/bin/env bash
# logfmt 0.4, parse of lines whose quoted values have a backslash: "a\nb" as Go's loggers write a
# line break, or "C:\\data".
# Expected: the value, with its escapes as they stand or replaced; and the fields behind it. The
# formatter of logfmter 0.0.12 writes such lines.
# Seen: any backslash makes the next quote a part of the value, however far behind it stands. So
# the value does not end: the field is True, and the rest of the line is lost. Where a further
# quoted value follows, the text up to it goes into this one, and its words become fields. No error.
# The lines that are lost so are those with stack traces and paths, the failures among them.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check logfmt==0.4 logfmter==0.0.12

env/bin/python -W error - <<'PY'
from importlib.metadata import version

import logfmt
from logfmter import Logfmter

print("logfmt", version("logfmt"))
for line, seen in (
    (r'id=7 msg="disk full" job=load', {"id": "7", "msg": "disk full", "job": "load"}),
    (r'id=7 msg="a \"b\" c" job=load', {"id": "7", "msg": 'a "b" c', "job": "load"}),
    (r'id=7 msg="disk\nfull" job=load rows=9', {"id": "7", "msg": True}),
    (r'id=7 msg="C:\\data" job=load rows=9', {"id": "7", "msg": True}),
    (r'id=7 msg="a\tb" job="load all" rows=9',
     {"id": "7", "msg": 'atb" job=', "load": True, "all": True, "rows": "9"}),
):
    (found,) = logfmt.parse([line])
    print(line, "->", found)
    assert found == seen, found
line = Logfmter.format_params({"id": 7, "msg": "disk full\non C:", "job": "load"})
(found,) = logfmt.parse([line])
print(line, "->", found)
assert found == {"id": "7", "msg": True}, (line, found)
PY
