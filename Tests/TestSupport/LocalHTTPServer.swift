import Foundation
import Glibc
import Synchronization

/// An HTTP server of a test's own, which answers as the test says; a connection for each request.
package final class LocalHTTPServer: Sendable {
    /// A request as it came.
    package struct Request: Sendable {
        package var method: String
        /// Path and query, encoded.
        package var target: String
        /// Header fields, by their names in lower case.
        package var headers: [String: String]
        package var body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// What to answer.
    package struct Reply: Sendable {
        package var status: Int
        package var headers: [String: String]
        package var body: [UInt8]
        /// Whether to answer nothing at all, and keep the connection open.
        package var isSilent = false

        package init(_ status: Int, _ body: [UInt8] = [], headers: [String: String] = [:]) {
            self.status = status
            self.body = body
            self.headers = headers
        }

        package init(_ status: Int, text: String, headers: [String: String] = [:]) {
            self.init(status, Array(text.utf8), headers: headers)
        }

        package static var silence: Reply {
            var reply = Reply(0)
            reply.isSilent = true
            return reply
        }
    }

    private let listener: LocalListener
    private let received = Mutex<[Request]>([])
    private let silent = Mutex<[Int32]>([])

    /// Starts a server.
    fileprivate init(_ answer: @escaping @Sendable (Request, Int) -> Reply) throws {
        listener = try LocalListener()
        listener.accept { [self] client in
            guard let request = Self.read(client) else {
                close(client)
                return
            }
            let before = received.withLock { requests in
                requests.append(request)
                return requests.count - 1
            }
            let reply = answer(request, before)
            if reply.isSilent {
                silent.withLock { $0.append(client) }
                return
            }
            Self.write(reply, client)
            close(client)
        }
    }

    package var url: String { "http://127.0.0.1:\(listener.port)" }

    /// The requests that came so far.
    package var requests: [Request] { received.withLock { $0 } }

    fileprivate func stop() {
        listener.stop()
        for client in silent.withLock({ $0 }) { close(client) }
        silent.withLock { $0 = [] }
    }

    private static func read(_ client: Int32) -> Request? {
        var bytes: [UInt8] = []
        var end: Int?
        while end == nil {
            guard let more = receive(client) else { return nil }
            bytes += more
            end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
        }
        guard let end else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let parts = lines[0].split(separator: " ")
        guard parts.count >= 2 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { continue }
            headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        var body = Array(bytes[end...])
        while body.count < length {
            guard let more = receive(client) else { return nil }
            body += more
        }
        return Request(
            method: String(parts[0]),
            target: String(parts[1]),
            headers: headers,
            body: body
        )
    }

    private static func receive(_ client: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(client, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private static func write(_ reply: Reply, _ client: Int32) {
        var headers = reply.headers
        if headers["Content-Length"] == nil { headers["Content-Length"] = "\(reply.body.count)" }
        headers["Connection"] = "close"
        var bytes = Array("HTTP/1.1 \(reply.status) Said\r\n".utf8)
        for (name, value) in headers { bytes += "\(name): \(value)\r\n".utf8 }
        bytes += "\r\n".utf8
        bytes += reply.body
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Runs `body` with a server that answers as the test says.
///
/// - Parameters:
///   - answer: Given a request and how many came before it, says what to answer.
///   - body: Talks to the server.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
package func withHTTPServer<R>(
    _ answer: @escaping @Sendable (LocalHTTPServer.Request, Int) -> LocalHTTPServer.Reply,
    _ body: (LocalHTTPServer) async throws -> R
) async throws -> R {
    let server = try LocalHTTPServer(answer)
    defer { server.stop() }
    return try await body(server)
}

/// A clock whose waits end at once, and are kept.
package final class SkippingClock: Clock, Sendable {
    package struct Instant: InstantProtocol {
        package var offset: Duration

        package func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        package func duration(to other: Instant) -> Duration { other.offset - offset }

        package static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private let state = Mutex<(now: Duration, waits: [Duration])>((.zero, []))
    private let tick: Duration

    /// Makes a clock.
    ///
    /// - Parameter tick: How far it goes on each time it is read; not at all by default.
    package init(tick: Duration = .zero) {
        self.tick = tick
    }

    package var now: Instant {
        state.withLock { state in
            defer { state.now += tick }
            return Instant(offset: state.now)
        }
    }
    package var minimumResolution: Duration { .nanoseconds(1) }
    /// How long was waited, each time.
    package var waits: [Duration] { state.withLock { $0.waits } }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.waits.append(deadline.offset - state.now)
            state.now = max(state.now, deadline.offset)
        }
    }
}
