internal import CLibPQ
import Glibc
import TrancheSQL

/// What is copied in, and how long the server may take to read it.
extension PostgreSQLHandle {
    /// Waits until the server takes what is copied in.
    func waitForCopy() throws(PostgreSQLError) {
        guard let result = try nextResult() else { throw lost() }
        if result.isCopyingIn { return }
        var failure = PostgreSQLError(sqlState: "08P01", message: "it is not a COPY FROM STDIN")
        if case .failed(let error) = result.outcome { failure = error }
        while try nextResult() != nil {}
        throw failure
    }

    /// Whether statements may be more than the system takes for a server that reads nothing.
    ///
    /// While it runs the first of them, it leaves the others unread. 64 KiB are taken at least.
    /// Source: Linux, tcp(7) (tcp_rmem).
    static func areLarge(_ statements: [SQLStatement]) -> Bool {
        var size = 0
        for statement in statements {
            size += statement.text.utf8.count
            for value in statement.binds { size += value.parameterSize }
            if size > 64 << 10 { return true }
        }
        return false
    }

    /// Gives the server its time to read what is copied in, or much else, or ends that.
    ///
    /// One that waits for a lock, a trigger or its disk reads nothing, and the system counts that
    /// as if it had gone; so does one that has. Source: Linux, tcp_timer.c (tcp_probe_timer).
    func setPatience(_ isPatient: Bool) {
        guard hasOwnUserTimeout else { return }
        var milliseconds = isPatient ? PostgreSQLURL.patientTimeout : PostgreSQLURL.userTimeout
        // A socket within the machine refuses it, and has no network to lose.
        setsockopt(
            PQsocket(pointer),
            Int32(IPPROTO_TCP),
            TCP_USER_TIMEOUT,
            &milliseconds,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }

    /// How long, in milliseconds, the server may leave untaken what was sent; `nil` where the
    /// system does not say.
    var userTimeout: Int32? {
        var milliseconds: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let code = getsockopt(
            PQsocket(pointer),
            Int32(IPPROTO_TCP),
            TCP_USER_TIMEOUT,
            &milliseconds,
            &size
        )
        return code == 0 ? milliseconds : nil
    }

    /// Sends bytes, and waits while the server takes none.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - size: How many libpq is given at once; it keeps them until they are sent, and counts in
    ///     32 bits.
    /// - Throws: That the connection was lost, or the request cancelled.
    func putCopy(_ bytes: [UInt8], inPiecesOf size: Int) throws(PostgreSQLError) {
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + size)
            try putPiece(bytes[start..<end])
            start = end
        }
    }

    private func putPiece(_ bytes: ArraySlice<UInt8>) throws(PostgreSQLError) {
        while true {
            let sent = bytes.withUnsafeBytes { bytes in
                PQputCopyData(
                    pointer,
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(bytes.count)
                )
            }
            if sent == 1 { break }
            guard sent == 0 else { throw lost() }
            try waitToSend()
        }
        while true {
            let unsent = PQflush(pointer)
            if unsent == 0 { return }
            guard unsent == 1 else { throw lost() }
            try waitToSend()
        }
    }

    /// Tells the server that all was sent, or why no more comes.
    func endCopy(_ error: String?) throws(PostgreSQLError) {
        while true {
            let sent = PQputCopyEnd(pointer, error)
            if sent == 1 { return }
            guard sent == 0 else { throw lost() }
            try waitToSend()
        }
    }

    /// Waits until the server takes something, or says something.
    private func waitToSend() throws(PostgreSQLError) {
        var look = ContinuousClock.now + PostgreSQLRivals.patience
        while try !Self.wait(
            pointer,
            alarm,
            forReading: true,
            forWriting: true,
            atMost: rivals == nil ? nil : max(.zero, look - ContinuousClock.now)
        ) {
            if alarm.isRinging { break }
            guard let rivals, ContinuousClock.now >= look else { continue }
            if rivals.haveLeader(alarm) { throw Self.deposed(pointer) }
            look = ContinuousClock.now + PostgreSQLRivals.interval
        }
        guard PQconsumeInput(pointer) == 1 else { throw lost() }
        if alarm.isRinging {
            throw PostgreSQLError(sqlState: "08006", message: "the request was cancelled")
        }
    }
}
