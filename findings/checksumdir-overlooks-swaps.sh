#!/usr/bin/env bash
# checksumdir 1.3.0, dirhash of a folder with include_paths=True ("Include file path in the hash").
# Expected: another hash where files have other contents under their names, and one hash of a
# folder, from wherever it is asked for.
# Seen: the hashes of names and of contents are sorted into one list, so files that swap their
# contents leave the hash as it is. Paths are joined without their slashes: a/bc and ab/c are one.
# They start at the current directory, so from another one the hash is another.
# Yesterday's and today's file, or two shops' files, are exchanged, and the folder has not changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check checksumdir==1.3.0

env/bin/python -W error - <<'PY'
import os
from importlib.metadata import version

from checksumdir import dirhash


def folder(write, remove=()):
    for path in remove:
        os.remove(path)
    for path, text in write.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    return dirhash("in", "sha256", include_paths=True)


print("checksumdir", version("checksumdir"))
first = folder({"in/york.csv": "1,10\n", "in/bath.csv": "1,20\n", "in/a/bc": "x"})
edited = folder({"in/york.csv": "1,11\n"})
assert edited != first
swapped = folder({"in/york.csv": "1,20\n", "in/bath.csv": "1,10\n"})
print("swapped: the same hash:", swapped == first)
assert swapped == first
moved = folder({"in/ab/c": "x"}, ["in/a/bc"])
print("a/bc became ab/c: the same hash:", moved == first)
assert moved == first
renamed = folder({"in/b": "x"}, ["in/ab/c"])
assert renamed != first
path = os.path.abspath("in")
assert dirhash(path, "sha256", include_paths=True) == renamed
os.mkdir("other")
os.chdir("other")
elsewhere = dirhash(path, "sha256", include_paths=True)
print("from another directory: the same hash:", elsewhere == renamed)
assert elsewhere != renamed
PY
