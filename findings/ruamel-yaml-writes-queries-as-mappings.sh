#!/usr/bin/env bash
# ruamel.yaml 0.19.1, YAML(typ="safe").dump of lists of texts that start with a question mark.
# Expected: texts that its own load reads back; typ="rt" and PyYAML 6.0.3 quote them.
# Seen: lists of texts and numbers are written on one line, [?page=1, ?page=2], where the mark
# starts a key. It loads them as [{page=1: null}, {page=2: null}], and so does PyYAML, without an
# error. Where each item or key has a line of its own, texts are quoted that have to be.
# Lists of queries (?page=2), or of answers that are not certain (? later), become mappings.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check ruamel.yaml==0.19.1 PyYAML==6.0.3

env/bin/python -W error - <<'PY'
import io
from importlib.metadata import version

import yaml
from ruamel.yaml import YAML


def written(data, kind):
    out = io.StringIO()
    YAML(typ=kind).dump(data, out)
    return out.getvalue()


print("ruamel.yaml", version("ruamel.yaml"), "PyYAML", version("PyYAML"))
pages = {"pages": ["?page=1", "?page=2"]}
answers = {"answers": ["yes", "? later", "why?"], "note": "? ask"}
for data, seen in (
    (pages, {"pages": [{"page=1": None}, {"page=2": None}]}),
    (answers, {"answers": ["yes", {"later": None}, "why?"], "note": "? ask"}),
):
    text = written(data, "safe")
    found = YAML(typ="safe").load(text)
    print(text.strip().replace("\n", " | "), "->", found)
    assert found == YAML(typ="rt").load(text) == seen, found
    assert YAML(typ="safe").load(written(data, "rt")) == data
    assert YAML(typ="safe").load(yaml.safe_dump(data, default_flow_style=None)) == data
assert yaml.safe_load(written(pages, "safe")) == {"pages": [{"page=1": None}, {"page=2": None}]}
PY
