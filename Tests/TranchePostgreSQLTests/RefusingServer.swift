import Glibc
import TestSupport

/// Answers every client as a PostgreSQL server that refuses the connection.
struct RefusingServer {
    private let listener: LocalListener

    var port: UInt16 { listener.port }

    /// Starts a server that refuses.
    ///
    /// - Parameters:
    ///   - state: The SQLSTATE.
    ///   - severity: The severity in the server's language.
    ///   - message: Its words in that language.
    ///   - place: Where in its source it is, as a server says and a pooler does not.
    /// - Throws: Why it cannot listen.
    init(
        state: String,
        severity: String = "FATAL",
        message: String,
        place: (file: String, line: Int, function: String)? = nil
    ) throws {
        let source = place.map { "F\($0.file)\0L\($0.line)\0R\($0.function)\0" } ?? ""
        let fields = Array("S\(severity)\0VFATAL\0C\(state)\0M\(message)\0\(source)\0".utf8)
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
