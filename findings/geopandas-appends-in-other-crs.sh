#!/usr/bin/env bash
# GeoPandas 1.2.0 (pyogrio 0.13.0), to_file with mode="a" of a frame in another coordinate system.
# Expected: the points are transformed, or it is an error: to_postgis compares the systems when it
# appends, pandas.concat refuses the two frames, and to_file a column that the file lacks.
# Seen: the numbers are written as they are, and read as those of the file: metres become degrees.
# No error and no warning, in GeoPackage, GeoJSON, Shapefile and FlatGeobuf.
# A source that delivers in UTM one day puts its places beside the map, in a file that stays valid.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check geopandas==1.2.0 pyogrio==0.13.0 pandas==3.1.1 \
    numpy==2.4.6 shapely==2.2.0 pyproj==3.7.2

env/bin/python -W error - <<'PY'
from importlib.metadata import version

import geopandas
import pandas

berlin = geopandas.GeoDataFrame(
    {"name": ["Berlin"], "geometry": geopandas.points_from_xy([13.4], [52.5])}, crs=4326
)
bonn = geopandas.GeoDataFrame(
    {"name": ["Bonn"], "geometry": geopandas.points_from_xy([366000], [5622000])}, crs=25832
)
print("GeoPandas", version("geopandas"), "Bonn in degrees:", bonn.to_crs(4326).geometry[0])
try:
    pandas.concat([berlin, bonn])
except ValueError as error:
    print("concat is refused:", str(error)[:60])
else:
    raise SystemExit("concat was taken")
for suffix in ("gpkg", "geojson", "shp", "fgb"):
    path = f"towns.{suffix}"
    berlin.to_file(path)
    bonn.to_file(path, mode="a")
    read = geopandas.read_file(path).set_index("name")
    point = read.geometry["Bonn"]
    print(suffix, read.crs.to_string(), point)
    assert read.crs == 4326, read.crs
    assert (point.x, point.y) == (366000, 5622000), point
    try:
        berlin.assign(size=1).to_file(path, mode="a")
    except Exception as error:
        print("refused: another column,", type(error).__name__)
    else:
        raise SystemExit("another column was taken")
PY
