#!/usr/bin/env python3
"""Moto's server, which checks the signatures of S3 as S3 does.

usage: s3_server.py, with the arguments of moto_server

Moto takes the URL as Werkzeug shows it, in which some of what was percent-encoded is decoded: it
refuses a right signature of a key with a plus or a letter that is not ASCII, and of a query with a
slash. Here the canonical request is made of what came over the wire.

Source: Amazon S3 API reference, "Create a canonical request".
"""

import sys
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import flask
from moto.iam import access_control
from moto.server import main


def canonical(target):
    """Path and query, decoded and encoded as S3 does: all but what is unreserved."""
    parts = urlsplit(target)
    path = quote(unquote(parts.path), safe="/-_.~")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in encoded)
    return f"{path}?{query}" if query else path


class Request(access_control.S3IAMRequest):
    def __init__(self, *arguments, **named):
        named["path"] = canonical(flask.request.environ["RAW_URI"])
        super().__init__(*arguments, **named)


# Imported where it is used, for each request.
access_control.S3IAMRequest = Request

if __name__ == "__main__":
    sys.exit(main())
