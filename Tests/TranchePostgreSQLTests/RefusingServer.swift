import Glibc
import TestSupport

/// Answers every client as a PostgreSQL server that refuses the connection.
struct RefusingServer {
    private let listener: LocalListener

    var port: UInt16 { listener.port }

    init(state: String, message: String) throws {
        let fields = Array("SFATAL\0VFATAL\0C\(state)\0M\(message)\0\0".utf8)
        let count = UInt32(fields.count + 4).bigEndian
        try self.init([UInt8(ascii: "E")] + withUnsafeBytes(of: count, Array.init) + fields)
    }

    /// Starts a server that asks for a password.
    init() throws {
        try self.init([UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 3])
    }

    private init(_ answer: [UInt8]) throws {
        listener = try LocalListener()
        listener.accept { client in
            var buffer = [UInt8](repeating: 0, count: 1024)
            _ = recv(client, &buffer, buffer.count, 0)
            _ = send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
            shutdown(client, Int32(SHUT_RDWR))
            close(client)
        }
    }

    func stop() {
        listener.stop()
    }
}
