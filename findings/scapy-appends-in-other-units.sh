#!/usr/bin/env bash
# Scapy 2.8.0, PcapWriter and wrpcap with append=True, to a pcap file with times in nanoseconds (tcpdump's
# --time-stamp-precision=nano, Scapy's own nano=True).
# Expected: times in the unit of the file, which its header tells; append keeps that header, and reads it for the byte
# order and link type; or an error.
# Seen: microseconds are written where the file has nanoseconds: what came .987654321 s after the second is read at
# .000987654 s, before the packet that was written ahead of it. No word.
# The other way about (nano=True to a file in microseconds) the fraction of a second becomes up to 999 seconds.
# A capture that is continued has its new part at the wrong time, so a reader that goes on at the last time skips it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check scapy==2.8.0

HOME=$work XDG_CONFIG_HOME=$work XDG_CACHE_HOME=$work env/bin/python - <<'PY'
from decimal import Decimal

import scapy
from scapy.layers.l2 import Ether
from scapy.utils import PcapWriter, rdpcap, wrpcap

def packet(time):
    frame = Ether(b"\x02" * 12 + b"\x08\x00" + b"x" * 46)
    frame.time = Decimal(time)
    return frame

def times(name):
    return [str(Decimal(str(frame.time))) for frame in rdpcap(name)]

first, second, moved = "1700000000.123456789", "1700000000.987654321", "1700000000.000987654"
print("Scapy", scapy.__version__, "put", first, second)
wrpcap("fine.pcap", [packet(first)], nano=True)
assert times("fine.pcap") == [first], times("fine.pcap")
wrpcap("fine.pcap", [packet(second)], append=True)
print("file in nanoseconds:", times("fine.pcap"))
assert times("fine.pcap") == [first, moved], times("fine.pcap")
with PcapWriter("fine.pcap", append=True) as writer:
    writer.write(packet(second))
assert times("fine.pcap")[2] == moved, times("fine.pcap")

wrpcap("coarse.pcap", [packet("1700000000.123456")])
with PcapWriter("coarse.pcap", append=True, nano=True) as writer:
    writer.write(packet(second))
print("file in microseconds:", times("coarse.pcap"))
assert times("coarse.pcap") == ["1700000000.123456", "1700000987.654321"], times("coarse.pcap")
PY
