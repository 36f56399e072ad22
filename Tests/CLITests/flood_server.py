"""Floods a server with what nobody should send, and looks whether it stays what it was.

Usage: flood_server.py HOST:PORT PID TOKENS COUNT SEED. TOKENS is a file with the tokens of three callers, a line
each: one may do all with the job 'thumbs', one may do all, one works on 'steady'. PID is the server's.

Hundreds of connections stall, send halves of requests, or bodies and heads without an end, while COUNT requests are
made at random of the server's own description, and bytes at random. Meanwhile a worker goes on. Prints one JSON
object: what came back, and what is wrong. The same seed gives the same requests. Needs nothing but Python.
"""

import asyncio
import json
import os
import random
import sys
import time

PLACE, PID, TOKENS, COUNT, SEED = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
HOST, PORT = PLACE.split(":")
LIMITED, ALL, STEADY = open(TOKENS).read().split()
PARALLEL = 16

errors = []
counts = {}


def note(words):
    if len(errors) < 40:
        errors.append(words[:1500])


# MARK: Requests


def head(method, target, fields, body=None):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {PLACE}"] + [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass") + (body or b"")


async def read(reader, method="GET"):
    """One answer: its status, fields and body."""
    while True:
        line = await reader.readline()
        if not line:
            return None
        status = int(line.split()[1])
        fields = {}
        while (line := (await reader.readline()).strip()):
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        if status >= 200:
            break
    if method == "HEAD" or status in (204, 304):
        return status, fields, b""
    if "content-length" in fields:
        return status, fields, await reader.readexactly(int(fields["content-length"]))
    body = b""
    if fields.get("transfer-encoding") == "chunked":
        # Events have no end: what comes first is enough.
        size = int((await reader.readline()).strip() or b"0", 16)
        body = await reader.readexactly(size)
        fields["connection"] = "close"
    return status, fields, body


def look(what, answer, method="GET"):
    """Holds an answer against what each refusal has."""
    if answer is None:
        return note(f"no answer to {what}")
    status, fields, body = answer
    counts[status] = counts.get(status, 0) + 1
    if status == 500 or not 200 <= status < 600:
        return note(f"{status} {body[:300]!r} to {what}")
    if status < 400 or method == "HEAD":
        return
    try:
        document = json.loads(body)
    except ValueError:
        return note(f"{status} without a document to {what}: {body[:200]!r}")
    if "text/plain" in fields.get("content-type", ""):
        return
    for name in ["error", "code", "remedy"]:
        if not isinstance(document.get(name), str) or not document[name]:
            return note(f"{status} without '{name}' to {what}: {document}")


TEXTS = [
    "", "-", "thumbs", "other", "a/b", "..", ".", "%00", "ä\u0301🙂", "x" * 300, "y" * 5000, " ", "\u0000", "null",
    "' OR 1=1 --", "<script>", "0", "-1", "api", "failed", "\\", '"', "\u202e", "thumbs\nthumbs", "\ud800",
]
NUMBERS = [
    0, 1, -1, 2, 50, 500, 501, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308,
    1e-320,
]
VALUES = [None, True, False, [], {}, [[]], {"a": {"b": 1}}, ["x"] * 50]


def text():
    return random.choice(TEXTS) if random.random() < 0.8 else "".join(chr(random.randrange(1, 0x2FF)) for _ in range(8))


def anything(depth=0):
    kind = random.random()
    if kind < 0.4:
        return text()
    if kind < 0.8:
        return random.choice(NUMBERS)
    if kind < 0.9 or depth > 3:
        return random.choice(VALUES)
    return {text(): anything(depth + 1) for _ in range(3)} if kind < 0.95 else [anything(depth + 1)]


def of_schema(schema, schemas):
    """A value as a schema has it, mostly."""
    if random.random() < 0.12:
        return anything()
    if "$ref" in schema:
        return of_schema(schemas[schema["$ref"].split("/")[-1]], schemas)
    if "anyOf" in schema:
        return of_schema(random.choice(schema["anyOf"]), schemas)
    if "enum" in schema:
        return random.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        members = schema.get("properties", {})
        needed = schema.get("required", [])
        value = {
            name: of_schema(one, schemas)
            for name, one in members.items()
            if random.random() < (0.95 if name in needed else 0.4)
        }
        if random.random() < 0.05:
            value[text()] = anything()
        return value
    if kind == "array":
        return [of_schema(schema.get("items", {}), schemas) for _ in range(random.choice([0, 1, 2, 30]))]
    if kind == "boolean":
        return random.random() < 0.5
    if kind in ("integer", "number"):
        return random.choice(NUMBERS) if random.random() < 0.5 else random.randrange(0, 20)
    if kind == "null":
        return None
    return random.choice([text(), f"{random.randrange(1, 40)}.{random.randrange(1, 4)}"])


def escaped(value):
    value = str(value)
    kind = random.random()
    if kind < 0.05:
        return value.encode("utf-8", "surrogatepass").decode("latin-1").replace(" ", "+").replace("\n", "%0A")
    if kind < 0.1:
        # A space or the end of a line would end the target.
        return "%" + "".join(one for one in value[:1] if one > " ") + "%zz%C3"
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))


def part(name):
    if name == "job":
        return random.choice(["thumbs", "thumbs", "thumbs", text()])
    if name == "run":
        return random.choice(["-", "-", "-", "may", text()])
    if name in ("id", "attempt"):
        return random.choice([random.randrange(1, 60), random.choice(NUMBERS), text()])
    return random.choice(["api", text()])


def request(description):
    """A request at random, of one of the routes; never one that ends the batches of 'steady'."""
    path, methods = random.choice(list(description["paths"].items()))
    method, operation = random.choice(list(methods.items()))
    target = "/".join(escaped(part(one[1:-1])) if one[:1] == "{" else one for one in path.split("/"))
    query = [
        f"{one['name']}={escaped(anything() if random.random() < 0.3 else part(one['name']))}"
        for one in operation.get("parameters", []) if one["in"] == "query" and random.random() < 0.4
    ]
    if query and random.random() < 0.1:
        query.append(query[0])
    if query:
        # A head that is longer than is taken is refused by the library below, and is among what never ends.
        target = (target + "?" + "&".join(query))[:16_000]
    method = random.choice([method.upper()] * 12 + ["HEAD", "OPTIONS", "PUT", "DELETE", "GET", "POST"])
    may_all = "/batches/" not in path and "heartbeats" not in path
    fields = [("Authorization", f"Bearer {random.choice([ALL, LIMITED] if may_all else [LIMITED])}")]
    if random.random() < 0.03:
        fields = random.choice([[], [("Authorization", "Basic YTpi")], [("Authorization", f"Bearer {text()[:20]}")]])
        fields = [(name, "".join(c if " " <= c < "\x7f" else "?" for c in value)) for name, value in fields]
    body = None
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content or random.random() < 0.05:
        value = of_schema(content["schema"] if content else {}, description["components"]["schemas"])
        if isinstance(value, dict) and "wait" in value and path.endswith("acquire"):
            value["wait"] = random.choice([0, 0.05, 26, -1, "x"])
        body = json.dumps(value).encode()
        kind = random.random()
        if kind < 0.05:
            body = body[: random.randrange(len(body) + 1)]
        elif kind < 0.08:
            body = bytes(random.randrange(256) for _ in range(40))
        elif kind < 0.1:
            body = b"[" * 5000
        fields.append(("Content-Type", random.choice(["application/json"] * 20 + ["text/plain", "", "x"])))
    if path.endswith("acquire") and random.random() < 0.3:
        fields.append(("Idempotency-Key", random.choice(["k1", "k2", "z" * 300])))
    return method, target, fields, body


async def random_requests(queue, place):
    """Makes them from an address of its own: those of one address that are refused often have to wait."""
    reader = writer = None
    while queue:
        method, target, fields, body = queue.pop()
        what = f"{method} {target[:400]} {body[:600] if body else b''!r}"
        try:
            if writer is None:
                own = (f"127.0.1.{place + 1}", 0)
                reader, writer = await asyncio.open_connection(HOST, PORT, local_addr=own)
            writer.write(head(method, target, fields, body))
            await writer.drain()
            answer = await asyncio.wait_for(read(reader, method), 60)
            look(what, answer, method)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            note(f"{error!r} at {what}")
            answer = None
        except asyncio.TimeoutError:
            note(f"no answer in 60 s to {what}")
            answer = None
        if answer is None or answer[1].get("connection", "").lower() == "close":
            if writer is not None:
                writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()


# MARK: What is not a request


async def raw(bytes_, half=False):
    """Sends bytes on a connection of their own; whatever comes back is a refusal."""
    reader, writer = await asyncio.open_connection(HOST, PORT)
    try:
        writer.write(bytes_)
        await writer.drain()
        if not half:
            writer.write_eof()
        back = await asyncio.wait_for(reader.read(65536), 70)
        if back and not back.startswith(b"HTTP/1."):
            note(f"{back[:80]!r} to {bytes_[:80]!r}")
        elif back:
            status = int(back.split(b" ", 2)[1])
            counts[f"raw {status}"] = counts.get(f"raw {status}", 0) + 1
            if status == 500:
                note(f"{back[:200]!r} to {bytes_[:200]!r}")
    except asyncio.TimeoutError:
        note(f"held for 70 s: {bytes_[:80]!r}")
    except OSError:
        pass  # It has cut us off already.
    finally:
        writer.close()


def garbage(description):
    kind = random.random()
    if kind < 0.3:
        return bytes(random.randrange(256) for _ in range(random.randrange(1, 400)))
    whole = bytearray(head(*request(description)))
    for _ in range(random.randrange(1, 8)):
        place = random.randrange(len(whole))
        kind = random.random()
        if kind < 0.4:
            whole[place] = random.randrange(256)
        elif kind < 0.7:
            del whole[place : place + random.randrange(1, 20)]
        else:
            whole[place:place] = random.choice([b"\r\n", b"\n", b"\0", b" ", b"Content-Length: 5\r\n", b"%"])
        if not whole:
            return b"\r\n"
    return bytes(whole)


STALLS = [
    b"", b"GET", b"GET /v1/runs HTTP/1.1\r\nHost: ", b"GET /v1/runs HTTP/1.1\r\nHost: " + PLACE.encode() + b"\r\n",
    head("POST", "/v1/heartbeats", [("Authorization", f"Bearer {LIMITED}"), ("Content-Type", "application/json"),
                                    ("Content-Length", "1000")]) + b'{"batches": [',
    head("POST", "/v1/heartbeats", [("Authorization", f"Bearer {LIMITED}"), ("Content-Type", "application/json"),
                                    ("Transfer-Encoding", "chunked")]) + b"5\r\n{\"bat",
    head("GET", "/v1/events", [("Authorization", f"Bearer {LIMITED}")]),
]


async def stall(bytes_):
    """A connection that stays as it is, until the server has enough of it or the flood is over."""
    reader, writer = await asyncio.open_connection(HOST, PORT)
    writer.write(bytes_)
    await writer.drain()
    return reader, writer


async def endless(start, more):
    """Sends without an end; the server has to end it."""
    reader, writer = await asyncio.open_connection(HOST, PORT)
    sent = 0
    try:
        writer.write(start)
        while sent < 64 << 20:
            writer.write(more)
            sent += len(more)
            await writer.drain()
            if reader.at_eof():
                return
        note(f"{sent} bytes were taken behind {start[:80]!r}")
    except OSError:
        pass  # It has cut us off.
    finally:
        writer.close()


# MARK: The worker, and what the server holds


async def work(stop):
    """Works on 'steady' as a good client does; tells how many batches were done."""
    done = 0
    reader, writer = await asyncio.open_connection(HOST, PORT)
    fields = [("Authorization", f"Bearer {STEADY}"), ("Content-Type", "application/json")]

    async def ask(target, body):
        nonlocal reader, writer
        while True:
            writer.write(head("POST", target, fields, json.dumps(body).encode()))
            answer = await asyncio.wait_for(read(reader), 60)
            if answer is None or answer[1].get("connection", "").lower() == "close":
                writer.close()
                reader, writer = await asyncio.open_connection(HOST, PORT)
            if answer is not None and answer[0] != 503:
                return answer
            await asyncio.sleep(0.1)

    while not stop.is_set():
        status, _, body = await ask("/v1/jobs/steady/acquire", {"worker": "steady", "count": 1})
        if status != 200:
            note(f"the worker is answered {status} {body[:300]!r}")
            break
        batch = json.loads(body)
        status, _, body = await ask(
            f"/v1/batches/{batch['batch']['batch']}/succeed", {"token": batch["token"], "result": {"n": done}}
        )
        if status != 200:
            note(f"the worker's end is answered {status} {body[:300]!r}")
            break
        done += 1
    writer.close()
    return done


def held():
    folder = f"/proc/{PID}"
    memory = int(open(f"{folder}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    return {"files": len(os.listdir(f"{folder}/fd")), "threads": len(os.listdir(f"{folder}/task")), "mib": memory}


async def describe():
    reader, writer = await asyncio.open_connection(HOST, PORT)
    writer.write(head("GET", "/v1/openapi.json", []))
    answer = await read(reader)
    writer.close()
    return json.loads(answer[2])


async def settle(before):
    """Waits until the server holds no more than before."""
    for _ in range(900):
        now = held()
        if now["files"] <= before["files"] and now["threads"] <= before["threads"]:
            break
        await asyncio.sleep(0.1)
    return now


async def main():
    random.seed(SEED)
    description = await describe()
    # Events have no end, and are among what stalls.
    description["paths"].pop("/v1/events")
    warm = [request(description) for _ in range(400)]
    await asyncio.gather(*(random_requests(warm, place) for place in range(PARALLEL)))
    await asyncio.sleep(0.5)
    before = held()

    stop = asyncio.Event()
    worker = asyncio.create_task(work(stop))
    stalled = await asyncio.gather(*(stall(STALLS[place % len(STALLS)]) for place in range(500)))
    started = time.monotonic()
    queue = [request(description) for _ in range(COUNT)]
    noise = [garbage(description) for _ in range(COUNT // 20)]

    async def make_noise():
        while noise:
            await raw(noise.pop())

    body = [("Authorization", f"Bearer {LIMITED}"), ("Content-Type", "application/json")]
    endings = [
        endless(head("POST", "/v1/heartbeats", body + [("Transfer-Encoding", "chunked")]), b"1000\r\n" + b" " * 4096 + b"\r\n"),
        endless(head("POST", "/v1/heartbeats", body + [("Content-Length", str(1 << 40))]), b" " * 4096),
        endless(b"GET /v1/runs HTTP/1.1\r\n", b"X-More: " + b"x" * 4000 + b"\r\n"),
        endless(b"GET /", b"x" * 4096),
        endless(b"GET /v1/runs HTTP/1.1\r\nX-One: ", b"y" * 4096),
        endless(b"", b"\0" * 4096),
    ]
    await asyncio.gather(
        *(random_requests(queue, place) for place in range(PARALLEL)), *(make_noise() for _ in range(4)),
        *(one for one in endings),
    )
    took = time.monotonic() - started
    during = held()
    # What stalls is cut off by the server: the rest of a request is waited for 30 s, and events go on.
    cut = 0
    for place, (reader, writer) in enumerate(stalled):
        if STALLS[place % len(STALLS)].startswith(b"GET /v1/events"):
            writer.close()
            continue
        try:
            await asyncio.wait_for(reader.read(), max(1, started + 100 - time.monotonic()))
            cut += 1
        except ConnectionError:
            cut += 1
        except asyncio.TimeoutError:
            note(f"the server waits for the rest of {STALLS[place % len(STALLS)][:60]!r}")
        writer.close()
    stop.set()
    done = await worker
    after = await settle(before)
    if after["files"] > before["files"] or after["threads"] > before["threads"]:
        note(f"the server holds {after}, and held {before} before")
    print(json.dumps({
        "seed": SEED, "counts": {str(key): value for key, value in sorted(counts.items(), key=str)}, "steady": done,
        "cut": cut, "before": before, "during": during, "after": after, "seconds": round(took, 1), "errors": errors,
    }))


asyncio.run(main())
