import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheServer

/// A door that opens once; whoever is behind it is counted.
private final class Gate: Sendable {
    private let stream = AsyncStream<Never>.makeStream()
    private let arrivals = AsyncStream<Void>.makeStream()
    private let waiting = Mutex<[AsyncStream<Never>.Continuation]?>([])

    func open() {
        let all = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? []
        }
        for one in all { one.finish() }
    }

    func pass() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let isClosed = waiting.withLock { waiting in
            waiting?.append(continuation)
            return waiting != nil
        }
        arrivals.continuation.yield()
        guard isClosed else { return }
        for await _ in stream {}
    }

    func waitForArrivals(_ count: Int) async {
        var left = count
        for await _ in arrivals.stream {
            left -= 1
            if left == 0 { return }
        }
    }
}

@Suite("HTTP listener", .timeLimit(.minutes(5)))
struct HTTPListenerTests {
    private static let echo: HTTPListener.Handler = { request in
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        let body = String(decoding: request.body, as: UTF8.self)
        let kind = request.headers["x-kind"] ?? ""
        return HTTPServerResponse(
            200,
            headers: ["X-Path": request.path, "Content-Type": "text/plain"],
            body: Array(
                "\(request.method) [\(query)] \(kind) \(body) \(request.remoteAddress)".utf8
            )
        )
    }

    @Test("A request is given whole, decoded, and answered")
    func whole() async throws {
        try await withListener(handler: Self.echo) { port, _ in
            let reply = try await RawClient.request(
                port,
                "PUT",
                "/a%20b?x=1%2C2&y&z=a+b",
                headers: ["X-KIND: ä"],
                body: "hello"
            )
            #expect(reply.status == 200)
            #expect(reply.text.contains("X-Path: /a b\r\n"))
            #expect(reply.body == "PUT [x=1,2,y=,z=a b] ä hello 127.0.0.1")
            let head = try await RawClient.request(port, "HEAD", "/")
            #expect(head.status == 200)
            #expect(head.text.contains("Content-Length: "))
            #expect(head.body == "")
        }
    }

    @Test("A body in chunks, and requests one behind the other, are answered in order")
    func chunksAndPipelines() async throws {
        try await withListener(handler: Self.echo) { port, _ in
            let client = try RawClient(port)
            await client.send(
                "POST /1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
                    + "GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    + "GET /3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            let text = await client.read()
            let places = ["X-Path: /1", "abcde", "X-Path: /2", "X-Path: /3"].map {
                text.range(of: $0)?.lowerBound
            }
            #expect(places.compactMap { $0 }.count == 4, "\(text)")
            #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
        }
    }

    @Test("A sender that asks first is told to go on, or what is wrong, before it sends the body")
    func askingFirst() async throws {
        try await withListener(admit: { _ in .read(upTo: 10) }, handler: Self.echo) { port, _ in
            func head(_ length: Int) -> String {
                "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Expect: 100-continue\r\nContent-Length: \(length)\r\n\r\n"
            }
            let client = try RawClient(port)
            await client.send(head(5))
            #expect(await client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
            await client.send("hello")
            #expect(RawClient.Reply(await client.read()).status == 200)
            let other = try RawClient(port)
            await other.send(head(11))
            #expect(RawClient.Reply(await other.read()).status == 413)
        }
    }

    @Test("A body that is too large is answered with 413, whether it says so or not")
    func tooLarge() async throws {
        let seen = Mutex(0)
        try await withListener(
            admit: { _ in .read(upTo: 10) },
            handler: { request in
                seen.withLock { $0 += 1 }
                return HTTPServerResponse(200)
            },
            { port, _ in
                let body = String(repeating: "x", count: 11)
                #expect(try await RawClient.request(port, "POST", body: body).status == 413)
                let client = try RawClient(port)
                await client.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n"
                )
                #expect(RawClient.Reply(await client.read()).status == 413)
                // One that never ends is cut off, and takes no memory before.
                let endless = try RawClient(port)
                await endless.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                let chunk = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
                for _ in 0..<40 { await endless.send(chunk) }
                #expect(await endless.isEnded())
                // One that is not much too long is read to its end, and the next request answered.
                let next = try RawClient(port)
                await next.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n\(body)"
                        + "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        + "Content-Length: 2\r\n\r\nab"
                )
                let answers = await next.read().components(separatedBy: "HTTP/1.1 ").dropFirst()
                #expect(answers.map { $0.prefix(3) } == ["413", "200"])
                let just = String(repeating: "x", count: 10)
                #expect(try await RawClient.request(port, "POST", body: just).status == 200)
            }
        )
        #expect(seen.withLock { $0 } == 2)
    }

    @Test("Heads that are too large or wrong are refused")
    func wrongHeads() async throws {
        try await withListener({ $0.headBytes = 8 << 10 }, handler: Self.echo) { port, _ in
            let long = "X-Long: " + String(repeating: "x", count: 20_000)
            let large = try await RawClient.request(port, headers: [long])
            #expect([413, 431].contains(large.status), "\(large.text)")
            #expect(try await RawClient.request(port, "GET", "/a%2").status == 400)
            #expect(try await RawClient.request(port, "GET", "/a%00b").status == 400)
            #expect(try await RawClient.request(port, "GET", "/?a=%ff").status == 400)
            let two = try await RawClient.request(
                port,
                "POST",
                headers: ["Transfer-Encoding: chunked"],
                body: "0\r\n\r\n"
            )
            #expect(two.status == 400, "\(two.text)")
            for coding in ["gzip", "gzip, chunked", "identity"] {
                let other = try RawClient(port)
                await other.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        + "Transfer-Encoding: \(coding)\r\n\r\n"
                )
                // Later versions of the library refuse it themselves.
                let reply = RawClient.Reply(await other.read())
                #expect([400, 501].contains(reply.status), "\(coding): \(reply.text)")
            }
            let client = try RawClient(port)
            await client.send("nonsense\r\n\r\n")
            _ = await client.read()
            #expect(try await RawClient.request(port).status == 200)
        }
    }

    @Test("A request has one key, in UTF-8")
    func keys() async throws {
        try await withListener(handler: Self.echo) { port, _ in
            let one = "Idempotency-Key: ä"
            #expect(try await RawClient.request(port, headers: [one]).status == 200)
            let other = "idempotency-key: b"
            #expect(try await RawClient.request(port, headers: [one, other]).status == 400)
            #expect(try await RawClient.request(port, headers: [one, one]).status == 400)
            let client = try RawClient(port)
            let head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            await client.send(Array("\(head)Idempotency-Key: ".utf8) + [0xFF])
            await client.send("\r\n\r\n")
            #expect(RawClient.Reply(await client.read()).status == 400)
        }
    }

    @Test("Who sends a byte now and then is cut off in time, and so is who sends nothing")
    func slow() async throws {
        try await withListener(
            { configuration in
                configuration.requestTimeout = .seconds(1)
                configuration.idleTimeout = .seconds(1)
            },
            handler: Self.echo
        ) { port, _ in
            let clients = try (0..<3).map { _ in try RawClient(port) }
            await clients[0].send("GET / HT")
            await clients[1].send(
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab"
            )
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A byte that comes in time is no reason to wait longer.
                    while !Task.isCancelled {
                        for client in clients.prefix(2) { await client.send("X") }
                        try? await Task.sleep(for: .milliseconds(200))
                    }
                }
                for client in clients { #expect(await client.isEnded()) }
                group.cancelAll()
            }
            #expect(try await RawClient.request(port).status == 200)
        }
    }

    @Test("Who goes away in the middle leaves nothing behind")
    func goingAway() async throws {
        let gate = Gate()
        try await withListener(
            { configuration in
                configuration.connections = 4
                // How often it is looked for who has gone goes with it.
                configuration.requestTimeout = .seconds(2)
            },
            handler: { request in
                if request.path == "/wait" { await gate.pass() }
                return HTTPServerResponse(200)
            },
            { port, _ in
                for round in 0..<30 {
                    let client = try RawClient(port)
                    switch round % 3 {
                    case 0: await client.send("GET / HTTP/1.1\r\nHo")
                    case 1:
                        await client.send(
                            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab"
                        )
                    default: break
                    }
                }
                // Gone while they are worked on.
                for _ in 0..<3 {
                    let client = try RawClient(port)
                    await client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    await gate.waitForArrivals(1)
                }
                gate.open()
                for _ in 0..<10 { #expect(try await RawClient.request(port).status == 200) }
            }
        )
    }

    @Test("Two hundred connections at once are all answered, whatever the bound")
    func manyConnections() async throws {
        try await withListener({ $0.connections = 50 }, handler: Self.echo) { port, _ in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await RawClient.request(port, "POST", "/\(number)", body: "x").status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count == 200)
            #expect(Set(statuses) == [200])
        }
    }

    @Test("One address has so many connections, and no more")
    func connectionsPerAddress() async throws {
        try await withListener({ $0.connectionsPerAddress = 2 }, handler: Self.echo) { port, _ in
            let first = try RawClient(port)
            let second = try RawClient(port)
            for client in [first, second] {
                await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = await client.read(until: "\r\n\r\n")
            }
            #expect(await (try RawClient(port)).isEnded())
            await first.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            _ = await first.read()
        }
    }

    @Test("So many requests are worked on at once; others are told when to come again")
    func requestsAtOnce() async throws {
        let gate = Gate()
        try await withListener(
            { $0.requests = 2 },
            handler: { _ in
                await gate.pass()
                return HTTPServerResponse(204)
            },
            { port, _ in
                async let first = RawClient.request(port)
                async let second = RawClient.request(port)
                await gate.waitForArrivals(2)
                let third = try await RawClient.request(port)
                #expect(third.status == 503)
                #expect(third.text.contains("Retry-After: 1\r\n"))
                gate.open()
                #expect(try await first.status == 204)
                #expect(try await second.status == 204)
                #expect(try await RawClient.request(port).status == 204)
            }
        )
    }

    @Test("The bodies of all requests are bounded together; beyond that one is to come again")
    func bodiesAtOnce() async throws {
        let gate = Gate()
        let kilobyte = String(repeating: "x", count: 1000)
        try await withListener(
            { $0.heldBodyBytes = 2500 },
            handler: { request in
                if request.path == "/held" { await gate.pass() }
                return HTTPServerResponse(200, body: Array("\(request.body.count)".utf8))
            },
            { port, _ in
                async let first = RawClient.request(port, "POST", "/held", body: kilobyte)
                async let second = RawClient.request(port, "POST", "/held", body: kilobyte)
                await gate.waitForArrivals(2)
                let third = try await RawClient.request(port, "POST", body: kilobyte)
                #expect(third.status == 503)
                #expect(third.text.contains("Retry-After: 1\r\n"))
                // One that does not say how long it is, is refused when it has become too long.
                let chunked = try RawClient(port)
                await chunked.send(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n\(kilobyte)\r\n0\r\n\r\n"
                )
                #expect(RawClient.Reply(await chunked.read()).status == 503)
                let small = try await RawClient.request(port, "POST", body: "12345")
                #expect(small.status == 200 && small.body == "5")
                #expect(try await RawClient.request(port).status == 200)
                gate.open()
                #expect(try await first.body == "1000")
                #expect(try await second.body == "1000")
                // One that is alone may be longer than all together.
                let long = kilobyte + kilobyte + kilobyte
                #expect(try await RawClient.request(port, "POST", body: long).body == "3000")
                // One that went away in the middle of its body gives back what it held.
                try await leave(port, behind: kilobyte)
                var last = try await RawClient.request(port, "POST", body: long)
                while last.status == 503 {
                    last = try await RawClient.request(port, "POST", body: long)
                }
                #expect(last.body == "3000")
            }
        )
    }

    /// Begins a body of a megabyte, and goes away.
    private func leave(_ port: UInt16, behind text: String) async throws {
        let client = try RawClient(port)
        await client.send(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + text
        )
    }

    @Test("On the loopback a request for another host is refused")
    func hosts() async throws {
        try await withListener({ $0.hosts = ["Hooks.Example"] }, handler: Self.echo) { port, _ in
            func status(_ host: String?) async throws -> Int {
                let client = try RawClient(port)
                let line = host.map { "Host: \($0)\r\n" } ?? ""
                await client.send("GET / HTTP/1.1\r\n\(line)Connection: close\r\n\r\n")
                return RawClient.Reply(await client.read()).status
            }
            for good in ["localhost:\(port)", "127.0.0.1:\(port)", "[::1]:1", "hooks.example:80"] {
                let status = try await status(good)
                #expect(status == 200, "\(good)")
            }
            for bad in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:1", ""] {
                let status = try await status(bad)
                #expect([400, 421].contains(status), "\(bad)")
            }
            #expect(try await status(nil) == 400)
        }
    }

    @Test("A stop answers what is in hand, and takes nothing more")
    func stopping() async throws {
        let gate = Gate()
        let isCancelled = Mutex(false)
        try await withListener(
            handler: { _ in
                await gate.pass()
                isCancelled.withLock { $0 = Task.isCancelled }
                return HTTPServerResponse(204)
            },
            { port, stop in
                async let reply = RawClient.request(port)
                await gate.waitForArrivals(1)
                stop()
                // Refused only when the socket is closed.
                while (try? RawClient(port)) != nil { await Task.yield() }
                gate.open()
                let status = try await reply.status
                #expect(status == 204)
            }
        )
        #expect(!isCancelled.withLock { $0 })
    }

    @Test("What is not done in its time is cancelled, and answered all the same")
    func stoppingLate() async throws {
        let gate = Gate()
        try await withListener(
            { $0.grace = .milliseconds(50) },
            handler: { _ in
                // Ends by being cancelled.
                await gate.pass()
                return HTTPServerResponse(200)
            },
            { port, stop in
                async let reply = RawClient.request(port)
                await gate.waitForArrivals(1)
                stop()
                let text = try await reply
                #expect(text.status == 503)
                #expect(text.text.contains("Connection: close"), "\(text.text)")
            }
        )
    }

    @Test("Where it cannot listen is told, with what to do")
    func refusals() async throws {
        try await withListener(handler: Self.echo) { port, _ in
            let address = try ListenAddress("127.0.0.1:\(port)")
            let other = HTTPListener(.init(address), handler: Self.echo)
            let error = await #expect(throws: HTTPListenerError.self) { try await other.run() }
            #expect(error?.code == .addressInUse)
            #expect(error?.category == .transient)
            #expect(error?.message.contains("127.0.0.1:\(port) is in use") == true)
        }
        let open = HTTPListener(.init(try ListenAddress("0.0.0.0:0")), handler: Self.echo)
        let unsafe = await #expect(throws: HTTPListenerError.self) { try await open.run() }
        #expect(unsafe?.code == .unsafeAddress)
        var configuration = HTTPListener.Configuration(try ListenAddress("127.0.0.1:0"))
        configuration.tls = .init(certificate: "/nowhere/c.pem", key: "/nowhere/k.pem")
        let missing = HTTPListener(configuration, handler: Self.echo)
        let error = await #expect(throws: HTTPListenerError.self) { try await missing.run() }
        #expect(error?.code == .invalidCertificate)
        for text in ["", "8080", "example.com:80", "1.2.3.4", "1.2.3.4:99999", "[::1]", "::1:80"] {
            #expect(throws: HTTPListenerError.self, "\(text)") { try ListenAddress(text) }
        }
        #expect(try ListenAddress("localhost:80").description == "127.0.0.1:80")
        #expect(try ListenAddress("[::1]:80").isLoopback)
        #expect(try !ListenAddress("[::]:80").isLoopback)
    }

    @Test("With a certificate and its key it speaks TLS")
    func tls() async throws {
        try await withTemporaryFolder { folder in
            let (certificate, key) = (folder.path("c.pem"), folder.path("k.pem"))
            try await Program.run(
                "openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                    certificate, "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost",
                ]
            )
            try await withListener(
                { $0.tls = .init(certificate: certificate, key: key) },
                handler: Self.echo
            ) { port, _ in
                let text = try await Program.run(
                    "curl",
                    ["-sS", "--cacert", certificate, "-d", "x", "https://localhost:\(port)/"]
                )
                #expect(text == "POST []  x 127.0.0.1")
            }
            try Data("no key".utf8).write(to: URL(filePath: key))
            var configuration = HTTPListener.Configuration(try ListenAddress("127.0.0.1:0"))
            configuration.tls = .init(certificate: certificate, key: key)
            let wrong = HTTPListener(configuration, handler: Self.echo)
            let error = await #expect(throws: HTTPListenerError.self) { try await wrong.run() }
            #expect(error?.code == .invalidCertificate)
        }
    }
}
