import Foundation
import Glibc
import Synchronization

/// A socket that listens on a port of its own on 127.0.0.1.
package final class LocalListener: Sendable {
    package let port: UInt16
    private let file: Int32
    private let state = Mutex((isAccepting: false, isStopped: false))
    /// The free ports that tests of this process were given.
    private static let given = Mutex<Set<UInt16>>([])

    /// A port on which nobody listens, for a server that cannot choose one by itself.
    ///
    /// It is below those that the system gives to who asks for any: another may not come by it
    /// before the server starts, or while it is stopped. No other test of this process gets it.
    ///
    /// - Returns: The port.
    /// - Throws: `POSIXError` when none is found.
    package static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<32_000)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            guard let file = connect(to: "127.0.0.1", port) else { return port }
            close(file)
        }
        throw POSIXError(.EADDRINUSE)
    }

    /// Waits until somebody listens on a port of this machine, for a minute at most.
    ///
    /// - Throws: `POSIXError` when nobody does; `CancellationError`.
    package static func waitForSomebody(on port: UInt16) async throws {
        for _ in 0..<6000 {
            if let file = connect(to: "127.0.0.1", port) {
                close(file)
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw POSIXError(.ETIMEDOUT)
    }

    /// Begins to listen.
    ///
    /// - Parameter backlog: How many connections may wait to be accepted.
    /// - Throws: `POSIXError` when it cannot.
    package init(backlog: Int32 = 64) throws {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, length) == 0 && listen(file, backlog) == 0
                    && getsockname(file, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
        self.file = file
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Makes so many connections that no more are taken, which nobody may accept.
    ///
    /// - Returns: Their sockets, which the caller closes.
    /// - Throws: `POSIXError` when all are taken.
    package func fill() throws -> [Int32] {
        var clients: [Int32] = []
        while true {
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let client = socket(AF_INET, kind, 0)
            clients.append(client)
            var address = Self.address(port: port)
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            var polled = pollfd(fd: client, events: Int16(POLLOUT), revents: 0)
            // On this machine one that is taken is so at once.
            guard poll(&polled, 1, 200) > 0 else { return clients }
            guard clients.count < 100 else {
                for client in clients { close(client) }
                throw POSIXError(.EISCONN)
            }
        }
    }

    /// Hands each client's connection to `body`, on a thread of its own, until it is stopped.
    package func accept(_ body: @escaping @Sendable (Int32) -> Void) {
        state.withLock { $0.isAccepting = true }
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isStopped }) {
                let client = Glibc.accept(file, nil, nil)
                guard client >= 0 else { break }
                body(client)
            }
            // Closed by who accepts: its number might be another socket's by the next turn.
            close(file)
        }
    }

    /// Stops listening; connections that are open go on.
    package func stop() {
        let isAccepting = state.withLock { state in
            state.isStopped = true
            return state.isAccepting
        }
        shutdown(file, Int32(SHUT_RDWR))
        if !isAccepting { close(file) }
    }

    /// Connects to a port of this machine; `nil` when nobody listens there.
    static func connect(to host: String, _ port: UInt16) -> Int32? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = address(host, port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return file }
        close(file)
        return nil
    }

    private static func address(_ host: String = "127.0.0.1", port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return address
    }
}
