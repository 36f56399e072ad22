#!/usr/bin/env bash
# limits 5.8.0 (the library of Flask-Limiter and SlowAPI), FixedWindowRateLimiter.hit with a cost,
# and throttled-py 3.5.0, fixed_window.
# Expected: a hit that is refused takes nothing. By its docstring it is true if the cost "could be
# deducted from the rate limit without exceeding it", and the other strategies of both libraries
# deduct nothing otherwise.
# Seen: the cost of what is refused is counted all the same. Of 10 for a minute 8 are used, and 5
# are refused; after that 1 is refused as well, get_window_stats has 0 remaining, and so it stays
# until the window ends. Who asks first (test) and then hits is let through.
# A large batch that has to wait its turn keeps the small ones out too, which would have fitted, and
# that at every try.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check limits==5.8.0 throttled-py==3.5.0

env/bin/python - <<'PY'
import time
from importlib.metadata import version

import limits
from limits.storage import MemoryStorage
from throttled import Throttled, per_hour, store

print("limits", limits.__version__, "throttled-py", version("throttled-py"))
# Windows of an hour; one that is about to end is waited for.
if time.time() % 3600 > 3590:
    time.sleep(11)
hour = limits.parse("10/hour")
for name, right in {"FixedWindow": False, "MovingWindow": True, "SlidingWindowCounter": True}.items():
    limiter = getattr(limits.strategies, name + "RateLimiter")(MemoryStorage())
    seen = [limiter.hit(hour, "batches", cost=cost) for cost in (8, 5, 1)]
    print(name, seen, "remaining", limiter.get_window_stats(hour, "batches").remaining)
    assert seen == [True, False, right], (name, seen)
    if name == "FixedWindow":
        limiter.clear(hour, "batches")
        seen = [
            limiter.test(hour, "batches", cost=cost) and limiter.hit(hour, "batches", cost=cost)
            for cost in (8, 5, 1)
        ]
        assert seen == [True, False, True], seen
for name in ("fixed_window", "sliding_window", "token_bucket", "leaking_bucket", "gcra"):
    throttled = Throttled(key="batches", using=name, quota=per_hour(10, burst=10), store=store.MemoryStore())
    seen = [not throttled.limit("batches", cost=cost).limited for cost in (8, 5, 1)]
    print("throttled-py", name, seen)
    assert seen == [True, False, name != "fixed_window"], (name, seen)
PY
