#!/usr/bin/env bash
# tablib 3.10.0, load of JSON or YAML, a list of objects whose members are not all in the same order.
# Expected: by name; an error or an empty cell where an object has other members.
# Seen: the first object's names are the header, the values of the others follow in the order in which they stand:
# {"to":"bob","from":"ann"} changes sender and receiver, and what another member holds comes under this one's name.
# Only another number of members is refused. Records of several writers, or sorted by another one, are mixed up.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check tablib==3.10.0 PyYAML==6.0.4

env/bin/python - <<'PY'
import tablib

def loaded(text, form):
    return tablib.Dataset().load(text, format=form).export("csv").split()

order = loaded('[{"from":"ann","to":"bob"},{"to":"bob","from":"ann"}]', "json")
other = loaded('[{"id":1,"paid":10},{"id":2,"refund":20}]', "json")
print("tablib", tablib.__version__, order, other)
assert order == ["from,to", "ann,bob", "bob,ann"], order
assert other == ["id,paid", "1,10", "2,20"], other
assert loaded("- {from: ann, to: bob}\n- {to: bob, from: ann}\n", "yaml") == order
try:
    loaded('[{"id":1,"paid":10},{"id":2}]', "json")
    raise SystemExit("an object with fewer members was taken")
except tablib.InvalidDimensions:
    pass
PY
