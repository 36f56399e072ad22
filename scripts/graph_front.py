"""A front that speaks Neo4j's HTTP Query API v2, over a FalkorDB server: real Cypher for the tests.

usage: graph_front.py PORT REDIS-PORT; the user is neo4j, the password secret, a database a graph.
"""

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import falkordb
import redis

ACCOUNT = "Basic " + base64.b64encode(b"neo4j:secret").decode()
COUNTERS = {
    "nodesCreated": "nodes_created",
    "nodesDeleted": "nodes_deleted",
    "relationshipsCreated": "relationships_created",
    "relationshipsDeleted": "relationships_deleted",
    "propertiesSet": "properties_set",
    "labelsAdded": "labels_added",
    "labelsRemoved": "labels_removed",
    "indexesAdded": "indices_created",
    "indexesRemoved": "indices_deleted",
}
server = falkordb.FalkorDB(host="127.0.0.1", port=int(sys.argv[2]))


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = self.path.split("/")
        if self.headers.get("Authorization") != ACCOUNT:
            self.refuse(401, "Neo.ClientError.Security.Unauthorized", "Invalid credential.")
        elif len(parts) != 5 or parts[1] != "db" or parts[3:] != ["query", "v2"]:
            self.refuse(404, "Neo.ClientError.Request.Invalid", "There is no such path.")
        elif parts[2] == "missing":
            self.refuse(404, "Neo.ClientError.Database.DatabaseNotFound", "There is no such graph.")
        else:
            self.run(server.select_graph(parts[2]), json.loads(body))

    def run(self, graph, query):
        try:
            result = graph.query(query["statement"], query.get("parameters"))
        except redis.exceptions.ResponseError as error:
            self.refuse(400, "Neo.ClientError.Statement.SyntaxError", str(error))
            return
        counters = {name: int(getattr(result, known)) for name, known in COUNTERS.items()}
        counters.update(constraintsAdded=0, constraintsRemoved=0)
        names = [column[1] for column in result.header]
        rows = [[value for value in row] for row in result.result_set]
        data = {"fields": names, "values": rows}
        self.answer(202, {"data": data, "counters": counters, "bookmarks": []})

    def refuse(self, status, code, message):
        self.answer(status, {"errors": [{"code": code, "message": message}]})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Front).serve_forever()
