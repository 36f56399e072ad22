#!/usr/bin/env bash
# pyshp 3.1.6, reading a shapefile in which a record is marked as deleted, as dBASE and GDAL mark it until they pack.
# Expected: all shapes with all their records, as its README has it (the mark is ignored), or neither of the deleted.
# Seen: the record is left out, its shape is not. shapeRecords, iterShapeRecords and __geo_interface__ pair each later
# record with the shape before its own, and the last shape is lost; record(2) and shapeRecord(2) are right.
# One row deleted in a layer, and the next load puts every later row at its neighbour's place.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pyshp==3.1.6

env/bin/python - <<'PY'
import struct
import shapefile

with shapefile.Writer("wells") as writer:
    writer.field("ID", "N", 10)
    for number in range(5):
        writer.point(number, number)
        writer.record(number)

# Delete the second: its flag, the first byte of the record, becomes an asterisk. The .shp keeps its shape till a pack.
with open("wells.dbf", "r+b") as file:
    start, length = struct.unpack_from("<HH", file.read(12), 8)
    file.seek(start + length)
    assert file.read(1) == b" "
    file.seek(start + length)
    file.write(b"*")

with shapefile.Reader("wells") as reader:
    pairs = [(each.record["ID"], each.shape.points[0][0]) for each in reader.shapeRecords()]
    lazy = [(each.record["ID"], each.shape.points[0][0]) for each in reader.iterShapeRecords()]
    features = reader.__geo_interface__["features"]
    interface = [(each["properties"]["ID"], each["geometry"]["coordinates"][0]) for each in features]
    print("pyshp", shapefile.__version__, len(reader), "rows, ID and x of each:", pairs)
    assert len(reader) == len(reader.shapes()) == 5 and len(reader.records()) == 4
    assert pairs == lazy == interface == [(0, 0), (2, 1), (3, 2), (4, 3)], (pairs, lazy, interface)
    one = reader.shapeRecord(2)
    assert (one.record["ID"], one.shape.points[0][0]) == (2, 2), one
PY
