#!/usr/bin/env bash
# ofxparse 0.21, times of bank statements whose offset has no name: 20240305233000[-5].
# Expected: UTC, as it gives for [-5:EST]; OFX has the name as optional: "[gmt offset[:tz name]]".
# ofxtools 1.1.1 reads both alike.
# Seen: without a name the offset is dropped, and the local time stands next to the UTC of others.
# No error. What was paid in New York at 23:30 on the 5th is of the 5th with the one bank, and of
# the 6th with the other.
# A load that asks for what is newer than the last one leaves out hours, or takes them twice.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check ofxparse==0.21 ofxtools==1.1.1

env/bin/python - <<'PY'
import io
import warnings
from datetime import datetime
from importlib.metadata import version

warnings.simplefilter("ignore")
import ofxparse
from ofxtools.Parser import OFXTree

print("ofxparse", version("ofxparse"), "ofxtools", version("ofxtools"))
HEAD = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20240331
<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS><TRNUID>1
<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>2
<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>20240301<DTEND>20240331
"""
FOOT = """</BANKTRANLIST><LEDGERBAL><BALAMT>9.00<DTASOF>20240331</LEDGERBAL></STMTRS></STMTTRNRS>
</BANKMSGSRSV1></OFX>
"""
local, utc = datetime(2024, 3, 5, 23, 30), datetime(2024, 3, 6, 4, 30)
times = {"20240305233000[-5:EST]": utc, "20240305233000[-5]": local,
         "20240305233000.000[-5]": local, "20240306100000[+5]": datetime(2024, 3, 6, 10),
         "20240306043000": utc}
rows = "".join(
    f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>{text}<TRNAMT>-1.00<FITID>{number}<NAME>shop</STMTTRN>\n"
    for number, text in enumerate(times)
)
content = (HEAD + rows + FOOT).encode()
tree = OFXTree()
tree.parse(io.BytesIO(content))
right = [row.dtposted.replace(tzinfo=None) for row in tree.convert().statements[0].transactions]
account = ofxparse.OfxParser.parse(io.BytesIO(content)).account
seen = [row.date for row in account.statement.transactions]
for text, one, other in zip(times, seen, right):
    print(text, "ofxparse:", one, "ofxtools:", other)
assert seen == list(times.values()), seen
assert right == [utc, utc, utc, datetime(2024, 3, 6, 5), utc], right
PY
