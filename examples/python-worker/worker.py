"""Works on one batch, started by `tranche work`: adds up the sizes of its items."""

import json
import os
import sys

# tranche reads and writes UTF-8, whatever the locale is.
sys.stdin.reconfigure(encoding="utf-8")
sys.stdout.reconfigure(encoding="utf-8")

total = 0
for line in sys.stdin:
    item = json.loads(line)
    total += item["weight"]
    print("working on", item["item"])

if os.environ.get("FAIL_ONCE") and os.environ["TRANCHE_ATTEMPT"] == "1":
    sys.exit("as asked, the first attempt fails")

# The last line, when it is a JSON object, is kept as the batch's result.
print(json.dumps({"bytes": total}))
