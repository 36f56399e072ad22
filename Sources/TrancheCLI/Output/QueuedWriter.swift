import Dispatch
import Synchronization
import Tranche

/// Writes to another writer; while work goes on, on a thread of its own, so that nobody waits for
/// who reads.
///
/// A reader that stays and stops reading, such as a pager or a terminal that is held, would keep a
/// worker from its heartbeats. Of what is said, lines of this program beyond a bound are left out,
/// and how many is said once there is room. What programs write is kept whole: more of it is read
/// once there is room for it. Of results nothing is left out: no more work is begun until those are
/// written that wait.
final class QueuedWriter: Writer {
    /// Bytes of this program's own lines that wait at most.
    static let most = 1 << 20
    /// Bytes of programs' lines from which on nothing more is read of them.
    private static let mostCopied = 1 << 18
    /// Bytes that wait from which on what is shown for a moment only is better left out.
    private static let leastBehind = 1 << 16

    let isTerminal: Bool
    private let base: any Writer
    /// The line that so many were left out; `nil` where none is.
    private let notice: (@Sendable (Int) -> String)?
    private let state = Mutex(State())
    /// Wakes the thread.
    private let more = DispatchSemaphore(value: 0)

    /// What is written at once.
    private struct Piece {
        var bytes: [UInt8]
        /// Whether a program has written it.
        var isCopy: Bool
    }

    private struct State {
        /// Whether the thread writes, and not the caller.
        var isLater = false
        /// Whether there is a thread.
        var hasThread = false
        /// Whether it has something to write.
        var isWriting = false
        var pieces: [Piece] = []
        /// Bytes of this program that are not written yet.
        var own = 0
        /// Bytes of other programs that are not written yet.
        var copied = 0
        /// Lines that were left out since the last notice.
        var leftOut = 0
        /// Why something could not be written, for who writes next; for all who do where nothing is
        /// left out.
        var failure: (any Error)?
        /// What is done once the first result could not be written.
        var whenFailing: (@Sendable () -> Void)?
        /// Whether there is to be room for what programs write.
        var needsRoom = true
        var waitForRoom: [DispatchSemaphore] = []
        var waitForEnd: [CheckedContinuation<Void, Never>] = []
        var waitForLess: [AsyncStream<Never>.Continuation] = []

        var isBehind: Bool { own + copied >= QueuedWriter.leastBehind }
    }

    /// Makes a writer that writes at once, until ``writeLater()``.
    ///
    /// - Parameters:
    ///   - base: Where it writes to.
    ///   - notice: The line, with its end, that so many lines were left out.
    init(_ base: any Writer, notice: @escaping @Sendable (_ lines: Int) -> String) {
        self.base = base
        self.notice = notice
        isTerminal = base.isTerminal
    }

    /// Makes a writer of results, which writes at once until ``writeLater()``: nothing is left out,
    /// and once something could not be written, nothing more is.
    ///
    /// - Parameter base: Where it writes to.
    init(keepingAll base: any Writer) {
        self.base = base
        notice = nil
        isTerminal = base.isTerminal
    }

    var width: Int { base.width }

    var height: Int? { base.height }

    /// Whether much waits to be written.
    var isBehind: Bool { state.withLock { $0.isBehind } }

    /// Returns once not much waits any more, or the task is cancelled.
    func caughtUp() async {
        let stream = AsyncStream<Never> { continuation in
            let isBehind = state.withLock { state in
                if state.isBehind { state.waitForLess.append(continuation) }
                return state.isBehind
            }
            if !isBehind { continuation.finish() }
        }
        for await _ in stream {}
    }

    func write(_ bytes: [UInt8]) throws {
        try add(Piece(bytes: bytes, isCopy: false))
    }

    func copy(_ bytes: [UInt8]) throws {
        try add(Piece(bytes: bytes, isCopy: true))
    }

    /// Writes on a thread of its own from now on, until ``finish()``.
    func writeLater() {
        state.withLock { $0.isLater = true }
    }

    /// Does something as soon as a result cannot be written: nobody need work for a reader that is
    /// gone.
    ///
    /// - Parameter body: What to do, once.
    func whenFailing(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.whenFailing = body }
    }

    /// Waits until there is room for more of a program's lines; on a thread that may block.
    func waitForRoom() {
        let turn = state.withLock { state -> DispatchSemaphore? in
            guard state.needsRoom, state.copied >= Self.mostCopied else { return nil }
            let turn = DispatchSemaphore(value: 0)
            state.waitForRoom.append(turn)
            return turn
        }
        turn?.wait()
    }

    /// Lets nobody wait for room any more: programs are ended, and their batches given back,
    /// whether or not anybody reads what they wrote.
    func stopWaitingForRoom() {
        let turns = state.withLock { state -> [DispatchSemaphore] in
            state.needsRoom = false
            defer { state.waitForRoom = [] }
            return state.waitForRoom
        }
        for turn in turns { turn.signal() }
    }

    /// Waits until all is written, however long nobody reads it, and writes at once from then on.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isWritten = state.withLock { state in
                if state.isWriting {
                    state.waitForEnd.append(continuation)
                } else {
                    state.isLater = false
                }
                return !state.isWriting
            }
            if isWritten {
                // Where there is a thread it ends.
                more.signal()
                continuation.resume()
            }
        }
    }

    /// Does something, and waits until all is written.
    ///
    /// - Parameter body: What to do.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; why results could not be written.
    func finishing<Result: Sendable>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body()
            await finish()
            if let failure = lastingFailure { throw failure }
            return result
        } catch {
            await finish()
            throw error
        }
    }

    // MARK: - Queueing

    private func add(_ piece: Piece) throws {
        let (step, failure) = state.withLock { state -> (Step, (any Error)?) in
            let failure = state.failure
            guard state.isLater, failure == nil || notice != nil else {
                return (state.isLater ? .none : .write, notice == nil ? failure : nil)
            }
            state.failure = nil
            put(piece, into: &state)
            let step: Step =
                !state.hasThread ? .makeThread : state.isWriting ? .none : .wakeThread
            state.hasThread = true
            state.isWriting = true
            return (step, failure)
        }
        switch step {
        case .makeThread: OwnThread.run { self.writeAll() }
        case .wakeThread: more.signal()
        case .write, .none: break
        }
        if let failure { throw failure }
        if step == .write { try base.write(piece.bytes) }
    }

    /// What is left to do for who writes.
    private enum Step {
        /// The thread has it.
        case none
        case makeThread, wakeThread
        /// To write it at once.
        case write
    }

    private func put(_ piece: Piece, into state: inout State) {
        if piece.isCopy {
            state.copied += piece.bytes.count
        } else {
            // Once some are left out there is to be room for many.
            let most = state.leftOut > 0 ? Self.most / 2 : Self.most
            guard notice == nil || state.own == 0 || state.own + piece.bytes.count <= most else {
                state.leftOut += piece.bytes.count(where: { $0 == UInt8(ascii: "\n") })
                return
            }
            putNotice(into: &state)
            state.own += piece.bytes.count
        }
        state.pieces.append(piece)
    }

    private func putNotice(into state: inout State) {
        guard let notice, state.leftOut > 0 else { return }
        let words = Array(notice(state.leftOut).utf8)
        state.leftOut = 0
        state.own += words.count
        state.pieces.append(Piece(bytes: words, isCopy: false))
    }

    // MARK: - Writing

    /// The thread: it stays as long as something is written later, since to make one for each line
    /// would take longer than the line.
    private func writeAll() {
        while true {
            while let pieces = next() {
                for piece in pieces { write(piece) }
            }
            let isOver = state.withLock { state in
                if !state.isLater, !state.isWriting { state.hasThread = false }
                return !state.hasThread
            }
            if isOver { return }
            more.wait()
        }
    }

    /// What waits; `nil` once all is written.
    private func next() -> [Piece]? {
        typealias End = CheckedContinuation<Void, Never>
        let (pieces, ends) = state.withLock { state -> ([Piece]?, [End]) in
            if state.pieces.isEmpty { putNotice(into: &state) }
            let pieces = state.pieces
            state.pieces = []
            guard pieces.isEmpty else { return (pieces, []) }
            state.isWriting = false
            let ends = state.waitForEnd
            state.waitForEnd = []
            if !ends.isEmpty { state.isLater = false }
            return (nil, ends)
        }
        for end in ends { end.resume() }
        return pieces
    }

    /// Why no result is written any more; `nil` where they are, and where lines may be left out.
    private var lastingFailure: (any Error)? {
        notice == nil ? state.withLock { $0.failure } : nil
    }

    private func write(_ piece: Piece) {
        var failure: (any Error)?
        do {
            // A result behind one that is missing in part would be none.
            if lastingFailure == nil { try base.write(piece.bytes) }
        } catch {
            failure = error
        }
        let whenFailing = failure == nil || notice != nil ? nil : takeWhenFailing()
        let woken = state.withLock { state in
            if let failure { state.failure = failure }
            if piece.isCopy {
                state.copied -= piece.bytes.count
            } else {
                state.own -= piece.bytes.count
            }
            return wake(&state)
        }
        for turn in woken.turns { turn.signal() }
        for waiter in woken.waiters { waiter.finish() }
        whenFailing?()
    }

    private func takeWhenFailing() -> (@Sendable () -> Void)? {
        state.withLock { state in
            defer { state.whenFailing = nil }
            return state.whenFailing
        }
    }

    /// Who has waited for what there is now.
    private func wake(
        _ state: inout State
    ) -> (turns: [DispatchSemaphore], waiters: [AsyncStream<Never>.Continuation]) {
        var (turns, waiters) = ([DispatchSemaphore](), [AsyncStream<Never>.Continuation]())
        if state.copied < Self.mostCopied { swap(&turns, &state.waitForRoom) }
        if !state.isBehind { swap(&waiters, &state.waitForLess) }
        return (turns, waiters)
    }
}
