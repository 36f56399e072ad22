import Foundation
import Glibc
import Synchronization
import Tranche

/// Connections to a server on this machine, driven by one thread with as little work as can be: the
/// processors are to be the server's.
///
/// All but `init` is of the thread that drives them, and its calls wait.
final class ServingConnections {
    /// What came of a request.
    struct Answer {
        let status: Int
        let body: UnsafeRawBufferPointer
    }

    private let port: UInt16
    /// The address that they come from, as the server counts them.
    private let source: UInt32
    private var sockets: [Int32] = []
    private var inputs: [[UInt8]] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var polled: [pollfd]

    /// Opens connections.
    ///
    /// - Parameters:
    ///   - port: The server's port on 127.0.0.1.
    ///   - count: How many.
    ///   - source: The last byte of the address 127.0.0.x that they come from.
    /// - Throws: ``BenchError`` where the server does not take them.
    init(_ port: UInt16, count: Int, from source: UInt8 = 1) throws {
        self.port = port
        self.source = 0x7F00_0000 + UInt32(source)
        polled = Array(repeating: pollfd(fd: -1, events: Int16(POLLIN), revents: 0), count: count)
        for place in 0..<count {
            sockets.append(-1)
            inputs.append([])
            try open(place)
        }
    }

    deinit {
        for socket in sockets where socket >= 0 { close(socket) }
    }

    var count: Int { sockets.count }

    /// Opens a connection anew.
    func open(_ place: Int) throws {
        if sockets[place] >= 0 { close(sockets[place]) }
        inputs[place] = []
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        sockets[place] = socket
        var yes: Int32 = 1
        setsockopt(
            socket,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &yes,
            socklen_t(MemoryLayout<Int32>.size)
        )
        guard socket >= 0, Self.call(bind, socket, source, 0) == 0,
            Self.call(connect, socket, 0x7F00_0001, port) == 0
        else {
            throw BenchError("connection \(place) fails: \(String(cString: strerror(errno)))")
        }
        polled[place].fd = socket
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32,
        _ socket: Int32,
        _ host: UInt32,
        _ port: UInt16
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { function(socket, $0, size) }
        }
    }

    /// Sends bytes; false where they were not taken, as the server may have closed the connection,
    /// or nobody waits until it has room.
    @discardableResult
    func send(_ bytes: [UInt8], on place: Int, waits: Bool = true) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                let count = Glibc.send(sockets[place], rest.baseAddress, rest.count, flags)
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }

    /// Waits until something has come, for so long at most.
    ///
    /// - Returns: The connections on which something has, or that have ended.
    func wait(milliseconds: Int32) -> [Int] {
        guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return [] }
        return polled.indices.filter { polled[$0].revents != 0 }
    }

    /// Takes what has come.
    ///
    /// - Returns: False where the other side has ended.
    func receive(on place: Int) -> Bool {
        let count = recv(sockets[place], &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return count < 0 && errno == EAGAIN }
        inputs[place] += buffer[..<count]
        return true
    }

    /// Lends what has come and is not taken.
    func withInput<R>(on place: Int, _ body: (inout [UInt8]) throws -> R) rethrows -> R {
        try body(&inputs[place])
    }

    /// Lends an answer that has come as a whole, and drops it.
    ///
    /// - Returns: `nil` where it has not.
    func withAnswer<R>(on place: Int, _ body: (Answer) throws -> R) throws -> R? {
        let result: R? = try inputs[place].withUnsafeBytes { bytes in
            guard let end = Self.find("\r\n\r\n", in: bytes) else { return nil }
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<(end + 2)])
            guard let status = Self.number(in: head, behind: "HTTP/1.1 ") else {
                throw BenchError("what came is not an answer")
            }
            let length = Self.number(in: head, behind: "\r\nContent-Length: ") ?? 0
            guard bytes.count >= end + 4 + length else { return nil }
            return try body(
                Answer(
                    status: status,
                    body: UnsafeRawBufferPointer(rebasing: bytes[(end + 4)..<(end + 4 + length)])
                )
            )
        }
        if result != nil { inputs[place].removeAll(keepingCapacity: true) }
        return result
    }

    // MARK: - Bytes

    /// Where a text begins in bytes.
    static func find(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        let (first, length) = (Int32(text.utf8Start[0]), text.utf8CodeUnitCount)
        guard let base = bytes.baseAddress else { return nil }
        var place = 0
        while place + length <= bytes.count,
            let found = memchr(base + place, first, bytes.count - length + 1 - place)
        {
            place = UnsafeRawPointer(found) - base
            if memcmp(found, text.utf8Start, length) == 0 { return place }
            place += 1
        }
        return nil
    }

    /// The number behind a text.
    static func number(in bytes: UnsafeRawBufferPointer, behind text: StaticString) -> Int? {
        guard let place = find(text, in: bytes) else { return nil }
        let digits = bytes[(place + text.utf8CodeUnitCount)...].prefix {
            (0x30...0x39).contains($0)
        }
        return digits.isEmpty || digits.count > 15
            ? nil : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    // MARK: - Requests

    /// A request of HTTP/1.1.
    static func request(_ method: String, _ path: String, _ body: String? = nil) -> [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        if let body {
            text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        return Array((text + "\r\n" + (body ?? "")).utf8)
    }

    /// Has each connection send one request behind the other.
    ///
    /// - Parameters:
    ///   - limit: The longest time to wait for an answer.
    ///   - next: The next request of a connection, told the answer to the one before; `nil` for no
    ///     more.
    /// - Returns: How long each request took, in seconds.
    /// - Throws: What `next` throws; ``BenchError`` for an end or a silence of the server.
    func run(
        limit: Duration = .seconds(30),
        _ next: (_ place: Int, _ answer: Answer?) throws -> [UInt8]?
    ) throws -> [Double] {
        let clock = ContinuousClock()
        var began = Array(repeating: clock.now, count: count)
        var times: [Double] = []
        var open = 0
        func start(_ place: Int, _ bytes: [UInt8]?) throws {
            guard let bytes else {
                open -= 1
                return
            }
            began[place] = clock.now
            guard send(bytes, on: place) else { throw BenchError("the server takes no request") }
        }
        open = count
        for place in 0..<count { try start(place, try next(place, nil)) }
        while open > 0 {
            let ready = wait(milliseconds: Int32(limit.seconds * 1000))
            if ready.isEmpty { throw BenchError("the server does not answer") }
            for place in ready {
                guard receive(on: place) else { throw BenchError("the server ends a connection") }
                let bytes: [UInt8]?? = try withAnswer(on: place) { answer in
                    times.append((clock.now - began[place]).seconds)
                    return try next(place, answer)
                }
                if let bytes { try start(place, bytes) }
            }
        }
        return times
    }
}

/// Whether something is over, told from one thread to another.
final class Signal: Sendable {
    private let state = Atomic(false)

    var isGiven: Bool { state.load(ordering: .relaxed) }

    func give() { state.store(true, ordering: .relaxed) }
}

/// A thread for calls that wait.
enum BenchThread {
    static func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}

extension [Double] {
    /// The value that so many of them are not above; 0 when there is none.
    func percentile(_ share: Double) -> Double {
        isEmpty ? 0 : sorted()[Int((share * Double(count - 1)).rounded())]
    }
}
