import Foundation
import Glibc

/// Stands between clients and a server, and hands on what comes some time late: a network.
///
/// `@unchecked Sendable`: nothing is changed after it was made; each connection's state is its own
/// threads'.
final class DelayingRelay: @unchecked Sendable {
    private let listener: Int32
    private let target: sockaddr_in
    private let delay: Duration
    /// The port on 127.0.0.1 at which it listens.
    let port: Int

    /// Starts listening; it goes on until the program ends.
    ///
    /// - Parameters:
    ///   - target: The server's port on 127.0.0.1.
    ///   - delay: How late each direction's bytes arrive.
    /// - Throws: `BenchError` when it cannot listen.
    init(to target: Int, delay: Duration) throws {
        self.delay = delay
        self.target = Self.address(target)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var own = Self.address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &own) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw BenchError("the relay cannot listen") }
        port = Int(UInt16(bigEndian: own.sin_port))
        Thread.detachNewThread { [self] in
            while true { serve(accept(listener, nil, nil)) }
        }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func serve(_ client: Int32) {
        guard client >= 0 else { return }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var target = target
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(server, $0, size) }
        }
        guard isConnected == 0 else {
            close(client)
            close(server)
            return
        }
        for (from, to) in [(client, server), (server, client)] {
            var isOn: Int32 = 1
            setsockopt(
                to,
                Int32(IPPROTO_TCP),
                TCP_NODELAY,
                &isOn,
                socklen_t(MemoryLayout<Int32>.size)
            )
            let line = DelayLine()
            Thread.detachNewThread { [delay] in line.fill(from: from, delay: delay) }
            Thread.detachNewThread { line.empty(to: to) }
        }
    }
}

/// What is under way in one direction.
///
/// `@unchecked Sendable`: what is under way is changed with the condition's lock held.
private final class DelayLine: @unchecked Sendable {
    private let condition = NSCondition()
    private var underWay: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []

    /// Takes what comes, until the end, which is an empty piece.
    func fill(from socket: Int32, delay: Duration) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = max(0, recv(socket, &buffer, buffer.count, 0))
            let due = ContinuousClock.now + delay
            condition.withLock {
                underWay.append((due, Array(buffer[..<count])))
                condition.signal()
            }
            if count == 0 { return }
        }
    }

    /// Hands on what is due.
    func empty(to socket: Int32) {
        while true {
            let (due, bytes) = condition.withLock {
                while underWay.isEmpty { condition.wait() }
                return underWay.removeFirst()
            }
            let left = (due - ContinuousClock.now) / .nanoseconds(1)
            if left > 0 {
                var time = timespec(tv_sec: Int(left / 1e9), tv_nsec: Int(left) % 1_000_000_000)
                nanosleep(&time, nil)
            }
            if bytes.isEmpty {
                shutdown(socket, Int32(SHUT_WR))
                return
            }
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }
    }
}
