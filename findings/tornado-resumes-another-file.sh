#!/usr/bin/env bash
# Tornado 6.6.1 (StaticFileHandler), Bottle 0.13.4 (static_file) and Twisted 26.10.0 (static.File):
# a download that is resumed, Range with If-Range, after the file was replaced.
# Expected: 200 and the whole new file. RFC 9110, 13.1.5: where the validator is not that of the
# file any more, the Range header MUST be ignored; this is what If-Range is for. All three send
# Accept-Ranges and Last-Modified, two an ETag. Starlette 1.10.0 and WsgiDAV 4.4.0 do so.
# Seen: 206 and the end of the new file, with the ETag and with the date. Nothing but the total in
# Content-Range, where the length has changed, tells that it is another one.
# What is kept is the beginning of yesterday's file and the end of today's, with the right length.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check tornado==6.6.1 bottle==0.13.4 Twisted==26.10.0 \
    starlette==1.10.0 uvicorn==0.54.0 WsgiDAV==4.4.0 cheroot==11.1.2

mkdir files
env/bin/python -W ignore - <<'PY'
import asyncio
import http.client
import logging
import os
import socket
import threading
import time
from importlib.metadata import version

import bottle
import tornado.web
import uvicorn
from cheroot.wsgi import Server
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from twisted.internet import reactor
from twisted.web import server, static
from wsgidav.wsgidav_app import WsgiDAVApp

logging.disable(logging.CRITICAL)
files = os.path.abspath("files")


def free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_tornado(port):
    async def serve():
        handler = (r"/(.*)", tornado.web.StaticFileHandler, {"path": files})
        tornado.web.Application([handler]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(serve())


def run_bottle(port):
    app = bottle.Bottle()
    app.route("/<name>", callback=lambda name: bottle.static_file(name, root=files))
    bottle.run(app, host="127.0.0.1", port=port, quiet=True)


def run_twisted(port):
    reactor.listenTCP(port, server.Site(static.File(files)), interface="127.0.0.1")
    reactor.run(installSignalHandlers=False)


def run_starlette(port):
    app = Starlette(routes=[Mount("/", StaticFiles(directory=files))])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical")


def run_wsgidav(port):
    app = WsgiDAVApp({
        "provider_mapping": {"/": files},
        "simple_dc": {"user_mapping": {"*": True}},
        "logging": {"enable": False},
        "verbose": 0,
    })
    Server(("127.0.0.1", port), app).start()


def get(port, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/rows.csv", headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def put(text, at):
    with open("files/new", "w") as file:
        file.write(text)
    os.utime("files/new", (at, at))
    os.replace("files/new", "files/rows.csv")


old, new = "old\n" * 10, "new\n" * 10
right = {"tornado": False, "bottle": False, "twisted": False, "starlette": True, "wsgidav": True}
for name, whole in right.items():
    put(old, 1700000000)
    port = free()
    threading.Thread(target=globals()["run_" + name], args=(port,), daemon=True).start()
    for _ in range(200):
        try:
            _, headers, content = get(port)
            break
        except OSError:
            time.sleep(0.1)
    assert content.decode() == old
    begun = content[:20]
    put(new, 1700086400)
    for validator in ("ETag", "Last-Modified"):
        if not headers[validator]:
            continue
        status, _, content = get(port, Range="bytes=20-", If_Range=headers[validator])
        kept = (begun + content if status == 206 else content).decode()
        print(name, version(name), validator, status, repr(kept))
        assert (status, kept) == ((200, new) if whole else (206, old[:20] + new[20:])), kept
os._exit(0)
PY
