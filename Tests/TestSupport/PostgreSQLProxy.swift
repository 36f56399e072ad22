import Foundation
import Glibc
import Synchronization

/// Stands between clients and a PostgreSQL server, and cuts a connection where it is told to.
///
/// It reads the protocol as far as it must: which statements stand before each sync. Connections
/// must be neither encrypted nor compressed. Source: PostgreSQL 15 manual, chapter 55.
package final class PostgreSQLProxy: Sendable {
    private let listener: LocalListener
    private let state = Mutex(State())

    private struct State {
        var isWanted: (@Sendable ([String]) -> Bool)?
        var cuts = 0
        var requests: [[String]] = []
    }

    /// The port on 127.0.0.1 at which it listens.
    package var port: UInt16 { listener.port }

    /// Starts listening on a port of its own.
    package init(to host: String, port: UInt16) throws {
        listener = try LocalListener()
        listener.accept { [self] client in
            guard let server = LocalListener.connect(to: host, port) else {
                close(client)
                return
            }
            let connection = Connection(client: client, server: server)
            Thread.detachNewThread { [self] in forwardRequests(connection) }
            Thread.detachNewThread { Self.forwardAnswers(connection) }
        }
    }

    /// Puts a proxy before a test's server.
    ///
    /// - Returns: The proxy, and the URL of the same database behind it.
    package static func before(
        _ database: TestDatabase
    ) throws -> (proxy: PostgreSQLProxy, url: String) {
        guard var url = URLComponents(string: database.address), let host = url.host,
            let port = url.port.flatMap({ UInt16(exactly: $0) })
        else { throw NoAddress() }
        let proxy = try PostgreSQLProxy(to: host, port: port)
        url.host = "127.0.0.1"
        url.port = Int(proxy.port)
        url.queryItems = [
            .init(name: "sslmode", value: "disable"), .init(name: "gssencmode", value: "disable"),
            .init(name: "application_name", value: database.schema),
        ]
        guard let text = url.string else { throw NoAddress() }
        return (proxy, text)
    }

    private struct NoAddress: Error {}

    /// Stops listening; connections that are open go on.
    package func stop() {
        listener.stop()
    }

    /// Cuts the connection on which the next matching request comes, once the server has answered
    /// it.
    ///
    /// - Parameter isWanted: Given the texts of the statements before a sync.
    package func cutNext(where isWanted: @escaping @Sendable ([String]) -> Bool) {
        state.withLock { $0.isWanted = isWanted }
    }

    /// How many connections were cut.
    package var cuts: Int { state.withLock { $0.cuts } }

    /// The texts of the statements of each request so far, in the order of their syncs.
    package var requests: [[String]] { state.withLock { $0.requests } }

    // MARK: Connections

    /// Takes the answer to one request off the client's connection, when that is the one to cut.
    private func note(_ texts: [String]) -> Bool {
        state.withLock { state in
            state.requests.append(texts)
            guard let isWanted = state.isWanted, isWanted(texts) else { return false }
            state.isWanted = nil
            state.cuts += 1
            return true
        }
    }

    private func forwardRequests(_ connection: Connection) {
        var messages = Messages()
        // The first message has no type.
        var isStarting = true
        var prepared: [String: String] = [:]
        var texts: [String] = []
        while let bytes = connection.receive(from: connection.client) {
            messages.append(bytes)
            while let message = messages.next(hasType: !isStarting) {
                isStarting = false
                switch message.type {
                case UInt8(ascii: "P"): prepared[message.string(0)] = message.string(1)
                case UInt8(ascii: "B"): texts.append(prepared[message.string(1)] ?? "")
                case UInt8(ascii: "Q"): _ = note([message.string(0)])
                case UInt8(ascii: "S"):
                    if note(texts) { connection.isCutting.store(true, ordering: .releasing) }
                    texts = []
                default: break
                }
                guard connection.send(message.bytes, to: connection.server) else { break }
            }
        }
        connection.end()
    }

    private static func forwardAnswers(_ connection: Connection) {
        var messages = Messages()
        while let bytes = connection.receive(from: connection.server) {
            messages.append(bytes)
            while let message = messages.next(hasType: true) {
                guard connection.isCutting.load(ordering: .acquiring) else {
                    guard connection.send(message.bytes, to: connection.client) else { break }
                    continue
                }
                // Ready for the next query: the server has done all that it was sent.
                if message.type == UInt8(ascii: "Z") {
                    connection.end()
                    return
                }
            }
        }
        connection.end()
    }
}

/// A client's connection and the one to the server that belongs to it.
private final class Connection: Sendable {
    let client: Int32
    let server: Int32
    let isCutting = Atomic(false)

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
        // Messages are sent one by one; none is to wait for the one before to be acknowledged.
        var isOn: Int32 = 1
        for file in [client, server] {
            setsockopt(
                file,
                Int32(IPPROTO_TCP),
                TCP_NODELAY,
                &isOn,
                socklen_t(MemoryLayout<Int32>.size)
            )
        }
    }

    deinit {
        close(client)
        close(server)
    }

    func receive(from file: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(file, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    func send(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Ends both directions; both threads then find nothing more to read.
    func end() {
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }
}

/// Messages of the protocol, cut out of a stream of bytes.
private struct Messages {
    struct Message {
        let type: UInt8?
        let bytes: [UInt8]

        /// The text at a place among those at the beginning, each ended by a zero.
        func string(_ place: Int) -> String {
            let parts = bytes.dropFirst(5).split(
                separator: 0,
                maxSplits: place + 1,
                omittingEmptySubsequences: false
            )
            return place < parts.count ? String(decoding: parts[place], as: UTF8.self) : ""
        }
    }

    private var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) {
        bytes += more
    }

    mutating func next(hasType: Bool) -> Message? {
        let start = hasType ? 1 : 0
        guard bytes.count >= start + 4 else { return nil }
        let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= start + length else { return nil }
        defer { bytes.removeFirst(start + length) }
        return Message(type: hasType ? bytes[0] : nil, bytes: Array(bytes[..<(start + length)]))
    }
}
