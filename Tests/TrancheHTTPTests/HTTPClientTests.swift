import CLibCurl
import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheHTTP

@Suite("Requests by HTTP", .timeLimit(.minutes(10)))
struct HTTPClientTests {
    private func client(_ clock: SkippingClock = SkippingClock()) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.clock = clock
        configuration.noise = { 0.5 }
        return HTTPClient(configuration)
    }

    @Test(
        "What to do about a status",
        arguments: [
            (400, ErrorCategory.permanent), (401, .permanent), (403, .permanent),
            (404, .permanent), (408, .transient), (409, .conflict), (412, .conflict),
            (416, .permanent), (422, .permanent), (425, .transient), (429, .transient),
            (500, .transient), (501, .permanent), (502, .transient), (503, .transient),
            (504, .transient),
        ]
    )
    func categories(status: Int, category: ErrorCategory) {
        #expect(HTTPError.category(status: status) == category)
    }

    @Test(
        "What to do about a lost connection and the like",
        arguments: [
            (CURLE_COULDNT_CONNECT, ErrorCategory.transient),
            (CURLE_COULDNT_RESOLVE_HOST, .transient), (CURLE_OPERATION_TIMEDOUT, .transient),
            (CURLE_GOT_NOTHING, .transient), (CURLE_RECV_ERROR, .transient),
            (CURLE_PARTIAL_FILE, .transient), (CURLE_URL_MALFORMAT, .permanent),
            (CURLE_UNSUPPORTED_PROTOCOL, .permanent), (CURLE_PEER_FAILED_VERIFICATION, .permanent),
        ]
    )
    func transportCategories(code: CURLcode, category: ErrorCategory) {
        #expect(HTTPError.category(transport: code.rawValue) == category)
    }

    @Test("A passing failure is tried again after growing waits")
    func triesAgain() async throws {
        try await withHTTPServer { _, before in
            before < 3 ? .init(503) : .init(200, text: "done", headers: ["X-Word": "yes"])
        } _: { server in
            let clock = SkippingClock()
            let response = try await client(clock).send(HTTPRequest(url: server.url))
            #expect(response.status == 200)
            #expect(String(decoding: response.body, as: UTF8.self) == "done")
            #expect(response.headers["x-word"] == "yes")
            #expect(server.requests.count == 4)
            #expect(clock.waits.count == 3)
            #expect(clock.waits == clock.waits.sorted())
        }
    }

    @Test("A permanent failure is not")
    func givesUpAtOnce() async throws {
        try await withHTTPServer { _, _ in
            .init(404, text: "none")
        } _: { server in
            let response = try await client().send(HTTPRequest(url: server.url))
            #expect(response.status == 404)
            #expect(server.requests.count == 1)
        }
    }

    @Test("The wait is as long as the server asks for")
    func waitsAsAsked() async throws {
        try await withHTTPServer { _, before in
            before == 0 ? .init(429, headers: ["Retry-After": "37"]) : .init(200)
        } _: { server in
            let clock = SkippingClock()
            let response = try await client(clock).send(HTTPRequest(url: server.url))
            #expect(response.status == 200)
            #expect(clock.waits == [.seconds(37)])
        }
    }

    @Test("Waits have a bound, after which the answer stands")
    func endsWaiting() async throws {
        try await withHTTPServer { _, _ in
            .init(500, text: "broken")
        } _: { server in
            let clock = SkippingClock()
            let response = try await client(clock).send(HTTPRequest(url: server.url))
            #expect(response.status == 500)
            #expect(clock.waits.reduce(.zero, +) == .seconds(30))
        }
    }

    @Test("Nobody listens: the error names the place, and no password")
    func unreachable() async throws {
        let port = try LocalListener.freePort()
        let request = HTTPRequest(url: "http://me:hidden@127.0.0.1:\(port)/a?token=hidden")
        let error = try await #require(throws: HTTPError.self) {
            try await client().send(request)
        }
        #expect(error.category == .transient)
        #expect(error.message.contains("http://127.0.0.1:\(port)/a"))
        #expect(!error.message.contains("hidden"))
    }

    @Test("A body arrives whole")
    func sendsBodies() async throws {
        try await withHTTPServer { request, _ in
            .init(200, request.body)
        } _: { server in
            let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for method in [HTTPRequest.Method.post, .put] {
                let request = HTTPRequest(method: method, url: server.url, body: body)
                let response = try await client().send(request)
                #expect(response.body == body)
            }
            #expect(server.requests.map(\.method) == ["POST", "PUT"])
        }
    }

    @Test("An answer that is too long is refused")
    func limitsAnswers() async throws {
        let body = [UInt8](repeating: 7, count: 10_000)
        try await withHTTPServer { _, _ in
            .init(200, body)
        } _: { server in
            var request = HTTPRequest(url: server.url)
            request.maxResponseBytes = 9_999
            let asked = request
            let error = try await #require(throws: HTTPError.self) {
                try await client().send(asked)
            }
            #expect(error.message.contains("longer than 9999 bytes"))
            #expect(error.category == .permanent)
        }
    }

    @Test("A redirection is not followed")
    func staysWhereItIs() async throws {
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { other in
            let place = other.url
            try await withHTTPServer { _, _ in
                .init(302, headers: ["Location": place])
            } _: { server in
                let response = try await client().send(HTTPRequest(url: server.url))
                #expect(response.status == 302)
                #expect(other.requests.isEmpty)
            }
        }
    }

    @Test("A server that accepts and never answers is given up after the times that are set")
    func givesUpInSilence() async throws {
        try await withHTTPServer { _, _ in
            .silence
        } _: { server in
            var configuration = HTTPClient.Configuration(
                stallTimeout: .milliseconds(400),
                retryLimit: .milliseconds(900)
            )
            // Each try takes 400 ms, however long it took until it was begun.
            let counted = SkippingClock(tick: .milliseconds(400))
            configuration.clock = counted
            configuration.noise = { 0.5 }
            let client = HTTPClient(configuration)
            let clock = ContinuousClock()
            let start = clock.now
            let error = try await #require(throws: HTTPError.self) {
                try await client.send(HTTPRequest(url: server.url))
            }
            #expect(start.duration(to: clock.now) >= .milliseconds(1000))
            #expect(error.category == .transient)
            #expect(error.message.contains("nothing came for 400 ms"), "\(error.message)")
            // A second one begins within the limit, and a third after a short wait.
            #expect(counted.waits.count == 2)
            #expect((2...3).contains(server.requests.count), "\(server.requests.count)")
        }
    }

    @Test("A server that may take as long as it likes is waited for")
    func waitsPatiently() async throws {
        try await withHTTPServer { _, _ in
            Thread.sleep(forTimeInterval: 1)
            return .init(200)
        } _: { server in
            var request = HTTPRequest(url: server.url)
            request.isPatient = true
            let client = HTTPClient(.init(stallTimeout: .milliseconds(200), retryLimit: .zero))
            let response = try await client.send(request)
            #expect(response.status == 200)
        }
    }

    @Test("A cancelled request ends although the server says nothing")
    func cancels() async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let client = client()
        try await withHTTPServer { _, _ in
            arrival.yield()
            return .silence
        } _: { server in
            let request = HTTPRequest(url: server.url)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await client.send(request) }
                for await _ in arrivals { break }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
    }

    @Test("A server without a certificate that is trusted is refused")
    func checksCertificates() async throws {
        try await withTemporaryFolder { folder in
            let (certificate, key) = (folder.path("certificate.pem"), folder.path("key.pem"))
            try OpenSSL.run(
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", certificate,
                ]
            )
            let server = try await TLSServer(certificate: certificate, key: key)
            defer { server.stop() }
            let request = HTTPRequest(url: server.url)
            let error = try await #require(throws: HTTPError.self) {
                try await HTTPClient().send(request)
            }
            #expect(error.category == .permanent)
            #expect(error.message.lowercased().contains("certificate"))
            var trusting = HTTPClient.Configuration()
            trusting.certificateAuthorities = certificate
            let response = try await HTTPClient(trusting).send(request)
            #expect(response.status == 200)
        }
    }
}
