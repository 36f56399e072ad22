#!/usr/bin/env bash
# kombu 5.7.0 (the transport library of Celery), its filesystem transport: one producer, one consumer, one queue.
# Expected: the messages in the order in which they were put; get takes the files in the order of their names, which
# begin with a time, and kombu's transport for memory keeps the order.
# Seen: the names have whole milliseconds and a random UUID behind them, so what is put within one millisecond comes in
# random order.
# Changes to one row that are put as messages are applied in the wrong order: the older value stays.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check kombu==5.7.0

env/bin/python -W error - <<'PY'
import os

import kombu

def passed(url, **options):
    with kombu.Connection(url, transport_options=options) as connection:
        channel = connection.channel()
        exchange = kombu.Exchange("jobs", type="direct")
        queue = kombu.Queue("jobs", exchange, routing_key="jobs", channel=channel)
        queue.declare()
        producer = kombu.Producer(channel, exchange=exchange, routing_key="jobs")
        for number in range(500):
            producer.publish(number)
        numbers = []
        while (message := queue.get()) is not None:
            numbers.append(message.payload)
            message.ack()
        return numbers

os.mkdir("spool")
folders = {"data_folder_in": "spool", "data_folder_out": "spool", "control_folder": "control"}
memory, files = passed("memory://"), passed("filesystem://", **folders)
print("kombu", kombu.__version__, "memory", memory[:12], "files", files[:12])
print("messages that come right after a later one:", sum(a > b for a, b in zip(files, files[1:])), "of", len(files))
assert memory == list(range(500)), memory
assert sorted(files) == memory, files
assert files != memory
PY
