#!/usr/bin/env bash
# cloudevents 2.2.0, to_binary (HTTP and Kafka) of events whose data is a JSON list, true, false or
# a text, as an event in JSON has them after from_structured.
# Expected: the JSON value as the body; the content type is application/json, and to_structured
# writes it so.
# Seen: objects alone are written as JSON. A list is written as Python prints it, with single quotes
# and None, and true as True; a text is written without its quotes, so "12" arrives as the number 12
# and "true" as true. from_binary takes what is not JSON as a text, without an error.
# Batches of rows that are forwarded from one binding to another arrive as one text of Python's.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check cloudevents==2.2.0

env/bin/python -W error - <<'PY'
import json
from importlib.metadata import version

from cloudevents.core.bindings import http, kafka
from cloudevents.core.formats.json import JSONFormat

print("cloudevents", version("cloudevents"))
form = JSONFormat()
for data, body, arrives in (
    ({"id": 1, "note": None}, b'{"id": 1, "note": null}', {"id": 1, "note": None}),
    ([{"id": 1, "note": None}], b"[{'id': 1, 'note': None}]", "[{'id': 1, 'note': None}]"),
    (["york", "bath"], b"['york', 'bath']", "['york', 'bath']"),
    (True, b"True", "True"), ("york", b"york", "york"), ("12", b"12", 12), ("true", b"true", True),
):
    attributes = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "rows",
                  "datacontenttype": "application/json"}
    source = json.dumps({**attributes, "data": data}).encode()
    event = form.read(None, source)
    assert event.get_data() == data
    structured = json.loads(http.to_structured(event, form).body)
    assert structured["data"] == data and type(structured["data"]) is type(data), structured
    message, record = http.to_binary(event, form), kafka.to_binary(event, form)
    assert message.headers["content-type"] == "application/json"
    received = http.from_binary(message, form).get_data()
    print(json.dumps(data), "->", message.body.decode(), "->", repr(received))
    assert message.body == record.value == body, (message, record)
    assert received == arrives and type(received) is type(arrives), received
PY
