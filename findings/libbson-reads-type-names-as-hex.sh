#!/usr/bin/env bash
# libbson of the MongoDB C driver 1.23.1 (Debian 1.23.1-1+deb12u3), filters as JSON with $type.
# Expected: {"at": {"$type": "date"}} is read as any other filter, whatever the name of the type.
# Seen: names that begin with a hexadecimal digit are taken for the first half of a binary value in the older
# extended JSON, and are refused: array, binData, bool, date, dbPointer, decimal and double. Of string, int, number
# and all others nothing is said, so that a filter that was tried with one of them fails with another. Lists of types
# and numbers (9 for a date) are refused, too. Behind another operator, such as {"$exists": true, "$type": "date"},
# each is read.
# Whoever takes filters from a configuration, as importers and connectors do, cannot ask for dates or decimals.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq libbson-1.0-0=1.23.1-1+deb12u3 2>/dev/null
dpkg-deb --show libbson-1.0-0_*.deb
dpkg-deb -x libbson-1.0-0_*.deb library

python3 - library/usr/lib/*/libbson-1.0.so.0 <<'PY'
import ctypes
import sys


class Fault(ctypes.Structure):
    _fields_ = [("domain", ctypes.c_uint32), ("code", ctypes.c_uint32), ("message", ctypes.c_char * 504)]


bson = ctypes.CDLL(sys.argv[1])
bson.bson_new_from_json.restype = ctypes.c_void_p
bson.bson_new_from_json.argtypes = [ctypes.c_char_p, ctypes.c_ssize_t, ctypes.POINTER(Fault)]


def fault(condition):
    found = Fault()
    is_read = bson.bson_new_from_json(f'{{"at": {condition}}}'.encode(), -1, ctypes.byref(found))
    return None if is_read else found.message.decode()


names = """double string object array binData undefined objectId bool date null regex dbPointer javascript symbol
javascriptWithScope int timestamp long decimal minKey maxKey number""".split()
refused = [name for name in names if fault(f'{{"$type": "{name}"}}')]
print("refused:", ", ".join(refused))
print("date:", fault('{"$type": "date"}'))
print("9:", fault('{"$type": 9}'))
print("a list:", fault('{"$type": ["string", "int"]}'))
assert refused == ["double", "array", "binData", "bool", "date", "dbPointer", "decimal"]
assert fault('{"$type": 9}') and fault('{"$type": ["string", "int"]}')
behind = [fault(f'{{"$exists": true, "$type": {value}}}') for value in ['"date"', "9", '["string", "int"]']]
print("behind another operator:", behind)
assert behind == [None, None, None]
PY
