import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// A connection that carries bytes in both directions after a request for it was answered.
///
/// Reading and writing block, each on a thread of its own, for as long as the server likes; both
/// may go on at once.
package final class HTTPStream: Sendable {
    private let connection: Connection
    private let request: HTTPRequest
    /// What came behind the head of the answer.
    private let first = Mutex<[UInt8]>([])

    /// That the server answered with a status that is not a success.
    package struct Refusal: Error {
        package let response: HTTPResponse
    }

    /// The handle that owns the socket, and whether the socket may still be used.
    ///
    /// Unchecked: the handle is used by the one who makes it, and then only freed, as nobody refers
    /// to this any more.
    private final class Connection: @unchecked Sendable {
        private let handle: CurlHandle
        let socket: Int32

        init(_ request: HTTPRequest, _ configuration: HTTPClient.Configuration) throws {
            handle = try CurlHandle()
            socket = try handle.connect(request, configuration)
        }
    }

    private init(_ connection: Connection, _ request: HTTPRequest) {
        self.connection = connection
        self.request = request
    }

    /// Connects, sends the request, and reads the head of its answer.
    static func open(
        _ request: HTTPRequest,
        _ configuration: HTTPClient.Configuration
    ) async throws -> HTTPStream {
        guard request.url.hasPrefix("http://") else {
            throw TrancheError(.invalidArgument, "\(request.name) is not an http address")
        }
        try Task.checkCancellation()
        let stream = try await Self.run {
            HTTPStream(try Connection(request, configuration), request)
        }
        try await withTaskCancellationHandler {
            try await Self.run { try stream.ask() }
        } onCancel: {
            stream.close()
        }
        return stream
    }

    /// Reads what comes next.
    ///
    /// - Returns: At least one byte; none at the end, and after ``close()``.
    /// - Throws: ``HTTPError`` when the connection is lost.
    package func read() async throws -> [UInt8] {
        let rest = first.withLock { first in
            defer { first = [] }
            return first
        }
        if !rest.isEmpty { return rest }
        return try await Self.run { try self.receive() }
    }

    /// Writes all of it, as fast as the server takes it.
    ///
    /// - Returns: Whether the server takes more: `false` where it has closed the connection.
    /// - Throws: ``HTTPError`` when the connection is lost.
    package func write(_ bytes: [UInt8]) async throws -> Bool {
        try await Self.run { try self.send(bytes) }
    }

    /// Says that nothing more is written; reading goes on.
    package func finishWriting() {
        // A connection that is closed already has nothing to be told.
        _ = shutdown(connection.socket, Int32(SHUT_WR))
    }

    /// Ends reading and writing, at once; the socket goes with the last who refers to the stream.
    package func close() {
        _ = shutdown(connection.socket, Int32(SHUT_RDWR))
    }

    /// Whether the server still holds the connection; bytes that were not read do not count.
    package var isOpen: Bool {
        var byte: UInt8 = 0
        while true {
            let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
            let count = recv(connection.socket, &byte, 1, flags)
            if count < 0, errno == EINTR { continue }
            return count > 0 || (count < 0 && errno == EAGAIN)
        }
    }

    private static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            OwnThread.run { continuation.resume(with: Result { try body() }) }
        }
    }

    // MARK: - Blocking

    /// Sends the request and reads the head of the answer.
    private func ask() throws {
        guard let parts = URLComponents(string: request.url), let host = parts.host else {
            throw TrancheError(.invalidArgument, "\(request.name) is not an http address")
        }
        let query = parts.percentEncodedQuery.map { "?\($0)" } ?? ""
        let port = parts.port.map { ":\($0)" } ?? ""
        var head = "\(request.method.rawValue) \(parts.percentEncodedPath)\(query) HTTP/1.1\r\n"
        head += "Host: \(host)\(port)\r\nUser-Agent: tranche\r\n"
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
            head += "\(name): \(value)\r\n"
        }
        head += "Content-Length: 0\r\n\r\n"
        guard try send(Array(head.utf8)) else { throw lost() }
        var answer: [UInt8] = []
        var end = Self.headEnd(answer)
        while end == nil {
            let more = try receive()
            guard !more.isEmpty, answer.count < 1 << 16 else { throw lost() }
            answer += more
            end = Self.headEnd(answer)
        }
        let body = Array(answer[(end ?? answer.count)...])
        let status = Self.status(answer)
        guard status == 101 || (200..<300).contains(status) else {
            throw Refusal(
                response: HTTPResponse(status: status, headers: [:], body: try rest(body))
            )
        }
        first.withLock { $0 = body }
    }

    /// What a server says that refuses, as far as it comes at once; it may keep the connection
    /// open.
    private func rest(_ body: [UInt8]) throws -> [UInt8] {
        finishWriting()
        var body = body
        while body.count < 1 << 16, case let more = try receive(), !more.isEmpty { body += more }
        return body
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
    }

    private static func status(_ head: [UInt8]) -> Int {
        let line = String(decoding: head.prefix { $0 != 13 }, as: UTF8.self)
        let parts = line.split(separator: " ", maxSplits: 2)
        return parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    }

    private func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection.socket, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer[..<count]) }
            switch errno {
            case EINTR: continue
            case EAGAIN: awaitReady(POLLIN)
            default: throw lost()
            }
        }
    }

    private func send(_ bytes: [UInt8]) throws -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    connection.socket,
                    buffer.baseAddress?.advanced(by: sent),
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count >= 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: awaitReady(POLLOUT)
            case EPIPE, ECONNRESET: return false
            default: throw lost()
            }
        }
        return true
    }

    /// Waits until the socket is ready; ``close()`` makes it so.
    private func awaitReady(_ event: Int32) {
        var waits = [pollfd(fd: connection.socket, events: Int16(event), revents: 0)]
        while poll(&waits, 1, -1) < 0, errno == EINTR {}
    }

    private func lost() -> HTTPError {
        HTTPError(lost: request, "the connection was lost")
    }
}
