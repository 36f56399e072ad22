import Foundation
import Glibc
import TestSupport
import Testing
import TrancheServer

/// A client that sends what a test says, byte by byte.
///
/// Its calls wait, on queues of the client's own: one for what it sends, one for what it reads.
// The number of the socket never changes, and is closed when nobody has the client any more.
final class RawClient: @unchecked Sendable {
    private let socket: Int32
    private let reading = DispatchQueue(label: "tests.raw-client.reading")
    private let sending = DispatchQueue(label: "tests.raw-client.sending")

    /// How an answer came.
    struct Reply: Sendable {
        var status: Int
        var text: String

        init(_ text: String) {
            self.text = text
            status =
                text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
        }

        var body: String {
            text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        }
    }

    init(_ port: UInt16, from source: String = "127.0.0.1") throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let address = try ListenAddress("127.0.0.1:\(port)")
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = address.port.bigEndian
        inet_pton(AF_INET, address.host, &target.sin_addr)
        let isConnected = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        // `deinit` closes the socket of a client that is thrown away here, too: to close it twice
        // would be to close what another thread has opened since.
        guard isConnected else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { Glibc.close(socket) }

    /// Sends all of a text; what cannot be sent since the other side is gone is left out.
    func send(_ text: String) async { await send(Array(text.utf8)) }

    /// Likewise bytes, which may be no text.
    func send(_ bytes: [UInt8]) async {
        await perform(on: sending) { [socket] in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Reads until the other side ends, or the text has so many parts.
    func read(until end: String? = nil, times: Int = 1) async -> String {
        await perform(on: reading) { [socket] in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let text = String(decoding: bytes, as: UTF8.self)
                if let end, text.components(separatedBy: end).count > times { return text }
                let count = recv(socket, &buffer, buffer.count, 0)
                guard count > 0 else { return text }
                bytes += buffer.prefix(count)
            }
        }
    }

    /// Whether the other side ends within the time that the socket waits.
    func isEnded() async -> Bool {
        await perform(on: reading) { [socket] in
            var byte: UInt8 = 0
            let count = recv(socket, &byte, 1, 0)
            return count == 0 || count < 0 && errno == ECONNRESET
        }
    }

    private func perform<R: Sendable>(
        on queue: DispatchQueue,
        _ body: @escaping @Sendable () -> R
    ) async -> R {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                // The socket stays open for as long.
                withExtendedLifetime(self) { continuation.resume(returning: body()) }
            }
        }
    }

    /// One request, on a connection of its own.
    static func request(
        _ port: UInt16,
        _ method: String = "GET",
        _ target: String = "/",
        headers: [String] = [],
        body: String? = nil
    ) async throws -> Reply {
        let client = try RawClient(port)
        var head =
            ["\(method) \(target) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        if let body { head.append("Content-Length: \(body.utf8.count)") }
        await client.send(head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        return Reply(await client.read())
    }
}

/// Runs a listener on a port of its own for as long as a body runs.
func withListener(
    _ change: (inout HTTPListener.Configuration) -> Void = { _ in },
    admit: @escaping HTTPListener.Admission = { _ in .read(upTo: 1 << 20) },
    handler: @escaping HTTPListener.Handler,
    _ body:
        @escaping @Sendable (UInt16, _ stop: @escaping @Sendable () -> Void) async throws -> Void
) async throws {
    var configuration = HTTPListener.Configuration(try ListenAddress("127.0.0.1:0"))
    change(&configuration)
    let listener = HTTPListener(configuration, admit: admit, handler: handler)
    let (ports, ready) = AsyncStream<UInt16>.makeStream()
    let (stops, stop) = AsyncStream<Never>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await withThrowingTaskGroup(of: Void.self) { inner in
                inner.addTask {
                    defer { ready.finish() }
                    do {
                        try await listener.run { ready.yield($0.port) }
                    } catch is CancellationError {
                        return
                    }
                }
                for await _ in stops {}
                inner.cancelAll()
                try await inner.waitForAll()
            }
        }
        defer { stop.finish() }
        for await port in ports {
            try await body(port) { stop.finish() }
            break
        }
        stop.finish()
        try await group.waitForAll()
    }
}
