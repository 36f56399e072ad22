import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP

@testable import TrancheServer

@Suite("Server-sent events", .serialized, .timeLimit(.minutes(5)))
struct ServerEventsTests {
    private static func listen(_ bench: ServerBench, after mark: String? = nil) async throws
        -> RawClient
    {
        let client = try RawClient(bench.address.port)
        let field = mark.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        await client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n")
        return client
    }

    @Test(
        "A listener is told what changes, and who was away gets what it missed",
        arguments: TestDatabase.Backend.available
    )
    func changes(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            _ = try await bench.acquire()
            let client = try await Self.listen(bench)
            let head = await client.read(until: ": hello\n\n")
            #expect(head.contains("Content-Type: text/event-stream"))
            #expect(head.contains("retry: 2000"))
            _ = try await bench.acquire()
            let first = head + (await client.read(until: #""counts""#))
            #expect(first.contains("event: change"))
            #expect(first.contains(#""job":"thumbs""#))
            let mark = try #require(first.firstMatch(of: #/id: (\S+)\n/#)?.output.1)
            // Behind the mark there is nothing; before it there is the event again.
            let name = mark.prefix { $0 != "-" }
            let again = try await Self.listen(bench, after: "\(name)-0")
            let missed = await again.read(until: "event: change")
            #expect(missed.contains("event: change"))
            let stranger = try await Self.listen(bench, after: "x-1")
            #expect(await stranger.read(until: "overview-stale").contains("overview-stale"))
        }
    }

    @Test("Many listeners hear the same events, and none is missed")
    func many() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            var clients: [RawClient] = []
            for _ in 0..<200 { clients.append(try await Self.listen(bench)) }
            for client in clients { _ = await client.read(until: ": hello") }
            for _ in 0..<3 { _ = try await bench.acquire(#"{"count": 1}"#) }
            var heard: Set<String> = []
            for client in clients {
                let text = await client.read(until: #""cursor":3"#)
                #expect(text.contains("event: change"))
                let marks = text.matches(of: #/id: \S+-(\d+)\n/#).compactMap { Int($0.output.1) }
                #expect(marks == Array(marks.first.map { $0..<$0 + marks.count } ?? 0..<0))
                heard.insert(marks.map(String.init).joined(separator: " "))
            }
            #expect(heard.count == 1)
        }
    }

    @Test("A stream is sent as it comes, is cut off beyond its bound, and ends at a stop")
    func streams() async throws {
        let stream = HTTPResponseStream(limit: 100)
        let ended = AsyncStream<Void>.makeStream()
        stream.onEnd { ended.continuation.yield() }
        try await withListener(
            handler: { _ in
                var response = HTTPServerResponse(200)
                response.stream = stream
                return response
            },
            { port, _ in
                let client = try RawClient(port)
                await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = await client.read(until: "\r\n\r\n")
                for word in ["one", "two", "three"] {
                    #expect(stream.send(Array(word.utf8)))
                    #expect(await client.read(until: word).contains(word))
                }
                #expect(!stream.send(Array(repeating: 0, count: 101)))
                #expect(await client.isEnded())
                for await _ in ended.stream { break }
                #expect(!stream.send([1]))
            }
        )
    }

    @Test("A listener without a token hears nothing")
    func access() async throws {
        let tokens = try AccessTokens(text: "", file: "t")
        try await ServerBench.serve(.sqlite, { $0.tokens = tokens }) { bench in
            let answer = try await bench.get("/v1/events")
            #expect(answer.status == 401)
        }
    }
}
