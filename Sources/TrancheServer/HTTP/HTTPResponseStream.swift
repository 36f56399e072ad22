import CMicrohttpd
import Synchronization

/// The body of an answer that is sent bit by bit, as long as both sides want.
///
/// While nothing is there to send the connection is suspended: no thread waits for it. Who does
/// not take what is sent falls behind; beyond the bound the stream is cut off, and what was not
/// taken is dropped.
public final class HTTPResponseStream: Sendable {
    /// A connection of the library's.
    ///
    /// Safe to send: the one who takes it out of ``State/suspended`` resumes it, once, which the
    /// library lets any thread do; a suspended connection is freed by nobody.
    private struct Suspended: @unchecked Sendable {
        let connection: OpaquePointer
    }

    private struct State {
        var pieces: [[UInt8]] = []
        /// How many of the first piece are taken.
        var taken = 0
        var bytes = 0
        var suspended: Suspended?
        var connection: Suspended?
        var end = End.none
        var onEnd: [@Sendable () -> Void] = []
    }

    /// How it ends: `finished` when all is taken, `cut` and `gone` at once.
    private enum End { case none, finished, cut, gone }

    private let limit: Int
    private let state = Mutex(State())

    /// Makes a stream that nobody reads yet.
    ///
    /// - Parameter limit: The most bytes that wait to be taken; 256 KiB by default.
    public init(limit: Int = 256 << 10) {
        self.limit = limit
    }

    /// Sends bytes.
    ///
    /// - Parameter bytes: The bytes; none are nothing.
    /// - Returns: Whether they may arrive: false where the stream has ended, or the other side is
    ///   too slow, which ends it.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        if bytes.isEmpty { return true }
        return change { state in
            guard state.end == .none else { return false }
            guard state.bytes + bytes.count <= limit else {
                state.end = .cut
                state.pieces = []
                return false
            }
            state.pieces.append(bytes)
            state.bytes += bytes.count
            return true
        }
    }

    /// Ends the stream once what was sent is taken.
    public func finish() {
        _ = change { state in
            if state.end == .none { state.end = .finished }
            return true
        }
    }

    /// Has something done once, when nobody reads any more; at once where that is so.
    public func onEnd(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.end != .gone { state.onEnd.append(body) }
            return state.end == .gone
        }
        if isOver { body() }
    }

    /// Changes what is there, and lets the connection go on that waits for it.
    private func change(_ body: (inout State) -> Bool) -> Bool {
        state.withLock { state in
            let result = body(&state)
            // Within the lock: when this is through, the library has been told.
            if let suspended = state.suspended.take() {
                MHD_resume_connection(suspended.connection)
            }
            return result
        }
    }

    // MARK: - The library's side

    /// The connection that is to get it.
    func attach(_ connection: OpaquePointer) {
        state.withLock { $0.connection = Suspended(connection: connection) }
    }

    /// Gives bytes to the library.
    ///
    /// - Returns: How many; 0 where it has to wait, below 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            if state.end == .cut || state.end == .gone { return Self.failed }
            guard let piece = state.pieces.first else {
                if state.end == .finished { return Self.ended }
                guard let connection = state.connection else { return Self.failed }
                MHD_suspend_connection(connection.connection)
                state.suspended = connection
                return 0
            }
            let count = min(piece.count - state.taken, buffer.count)
            piece.withUnsafeBytes { bytes in
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[state.taken..<state.taken + count])
                )
            }
            state.taken += count
            state.bytes -= count
            if state.taken == piece.count {
                state.pieces.removeFirst()
                state.taken = 0
            }
            return count
        }
    }

    /// The library has let go of it.
    func detach() {
        let bodies = state.withLock { state in
            state.end = .gone
            state.pieces = []
            state.suspended = nil
            state.connection = nil
            let bodies = state.onEnd
            state.onEnd = []
            return bodies
        }
        for body in bodies { body() }
    }

    /// The library's `MHD_CONTENT_READER_END_OF_STREAM`, a macro that Swift does not see.
    private static let ended = -1
    /// The library's `MHD_CONTENT_READER_END_WITH_ERROR`.
    private static let failed = -2
}
