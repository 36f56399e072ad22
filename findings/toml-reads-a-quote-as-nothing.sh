#!/usr/bin/env bash
# toml 0.10.2, loads of a text that is nothing but escaped quotes: quote = "\"".
# Expected: the quote, as tomllib and tomlkit read it, and as toml reads it next to other letters.
# Seen: an empty text, also for "\"\"" and in a list. So it is with what its own dumps writes. In a
# list a text that is a comma is two empty texts (uiri/toml pull requests 277 and 327). No error.
# Settings of CSV files are of this kind: quotechar is empty, and a list of separators has others.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check toml==0.10.2 tomlkit==0.15.2

env/bin/python -W error - <<'PY'
import toml
import tomlkit

print("toml", toml.__version__)
for text, right, seen in (
    (r'v = "\"a"', '"a', '"a'), ("v = '\"'", '"', '"'),
    (r'v = ["a\"", "b"]', ['a"', "b"], ['a"', "b"]),
    (r'v = "\""', '"', ""), (r'v = "\"\""', '""', ""), (r'v = ["\"", "b"]', ['"', "b"], ["", "b"]),
    ('v = [",", ";"]', [",", ";"], ["", "", ";"]), ('v = ["a", ","]', ["a", ","], ["a", "", ""]),
):
    assert tomlkit.parse(text).unwrap() == {"v": right}
    found = toml.loads(text)["v"]
    print(text, "->", repr(found))
    assert found == seen, found
dialect = {"delimiter": ";", "quotechar": '"'}
again = toml.loads(toml.dumps(dialect))
print(dialect, "->", again)
assert again == {"delimiter": ";", "quotechar": ""}, again
PY
