#!/usr/bin/env bash
# dogpile.cache 1.5.0, cache_on_arguments, and Beaker 1.14.1, CacheManager.cache: functions of two
# arguments, with the keys that they make by themselves.
# Expected: what was stored for the same arguments; functools.cache and cachetools keep ("new york",
# "city") and ("new", "york city") apart.
# Seen: the arguments are put together with a space between them, as texts. The second call gets
# what was stored for the first, and the function is not asked. So do 1 and "1", None and "None". In
# dogpile.cache two classes of a module whose methods have one name share their values too (its
# pull request 257 is about that). No word.
# A look-up of a price by article and variant, remembered for a batch, gives another article's.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check dogpile.cache==1.5.0 Beaker==1.14.1

env/bin/python - <<'PY'
from functools import cache
from importlib.metadata import version

from beaker.cache import CacheManager
from dogpile.cache import make_region

print("dogpile.cache", version("dogpile.cache"), "Beaker", version("Beaker"))
region = make_region().configure("dogpile.cache.memory")
wrappers = {
    "functools": cache,
    "dogpile.cache": region.cache_on_arguments(),
    "Beaker": CacheManager(type="memory").cache("prices"),
}
seen = {}
for name, remembered in wrappers.items():

    @remembered
    def price(article, variant):
        return f"price of {article!r} in {variant!r}"

    seen[name] = [price("cap", "red large"), price("cap red", "large"), price(1, None), price("1", "None")]
    print(name, *seen[name], sep="\n  ")
right = [
    "price of 'cap' in 'red large'",
    "price of 'cap red' in 'large'",
    "price of 1 in None",
    "price of '1' in 'None'",
]
assert seen["functools"] == right, seen
for name in ("dogpile.cache", "Beaker"):
    assert seen[name] == [right[0], right[0], right[2], right[2]], seen


class Orders:
    @classmethod
    @region.cache_on_arguments()
    def newest(cls, shop):
        return "order"


class Returns:
    @classmethod
    @region.cache_on_arguments()
    def newest(cls, shop):
        return "return"


print("two classes:", Orders.newest("north"), Returns.newest("north"))
assert (Orders.newest("north"), Returns.newest("north")) == ("order", "order")
PY
