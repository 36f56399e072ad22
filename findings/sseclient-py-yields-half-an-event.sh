#!/usr/bin/env bash
# sseclient-py 1.9.0, a stream of events that ends in the middle of one, as where the server goes
# away and the response has no length.
# Expected: the half is dropped, and sent anew after the next connection: "If the file ends in the
# middle of an event, before the final empty line, the incomplete event is not dispatched", says the
# standard (WHATWG HTML, server-sent events). httpx-sse 0.4.3 drops it.
# Seen: it is yielded as any other: of an amount of 12345 the event has 123, of two lines of data
# the first. Where line ends are mixed ("\n" and then "\r\n"), two events become one.
# A value that was cut is stored as a value, and nothing shows that the connection was lost.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check \
    sseclient-py==1.9.0 requests==2.34.2 httpx==0.28.1 httpx-sse==0.4.3

env/bin/python - <<'PY'
import http.server
import threading
from importlib.metadata import version

import httpx
import httpx_sse
import requests
import sseclient

print("sseclient-py", version("sseclient-py"), "httpx-sse", version("httpx-sse"))
bodies = {
    "/whole": b"data: 1\n\nevent: paid\ndata: 12345\n\n",
    "/cut": b"data: 1\n\nevent: paid\ndata: 123",
    "/line": b"data: 1\n\ndata: [1,\n",
    "/mixed": b"data: 1\n\r\ndata: 2\n\r\n",
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(bodies[self.path])

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for path, right, seen in (
    ("/whole", ["1", "12345"], ["1", "12345"]), ("/cut", ["1"], ["1", "123"]),
    ("/line", ["1"], ["1", "[1,"]), ("/mixed", ["1", "2"], ["1\n2"]),
):
    address = "http://127.0.0.1:%d%s" % (server.server_port, path)
    with httpx.Client(trust_env=False) as client:
        with httpx_sse.connect_sse(client, "GET", address) as source:
            other = [event.data for event in source.iter_sse()]
    session = requests.Session()
    session.trust_env = False
    response = session.get(address, stream=True, timeout=10)
    found = [event.data for event in sseclient.SSEClient(response).events()]
    print(bodies[path], "->", found, "httpx-sse:", other)
    assert other == right and found == seen, (other, found)
server.shutdown()
PY
