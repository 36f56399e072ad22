import Synchronization
import Tranche

/// The processes that go on from batch to batch, one for each worker at most.
///
/// One that ends is started again for the next batch. All are told to end, by the end of their
/// standard input, once there is no more work.
final class ProgramPool: Sendable {
    /// What a program finds in `TRANCHE_PERSISTENT`: the number of the protocol.
    static let protocolNumber = "1"

    private let form: ItemForm
    private let state = Mutex(State())
    /// Those that were started, to be watched over.
    private let started: AsyncStream<ProgramSession>
    private let starting: AsyncStream<ProgramSession>.Continuation

    private struct State {
        /// Those that wait for a batch.
        var idle: [ProgramSession] = []
        /// All that run.
        var running: [ProgramSession] = []
    }

    init(_ form: ItemForm) {
        self.form = form
        (started, starting) = AsyncStream.makeStream()
    }

    /// Has a process work on a batch.
    ///
    /// - Returns: How that ended: as the process says, or as it ended itself.
    /// - Throws: What reading the items throws; ``SystemError`` when the program cannot be started.
    func run(
        _ program: BatchProgram,
        _ batch: Batch,
        _ progress: BatchProgress
    ) async throws -> BatchProgram.End {
        while true {
            let session = try await take(program, for: batch)
            defer { giveBack(session) }
            guard var end = try await session.work(on: batch, as: form, progress) else { continue }
            if !end.isCutShort { end.isCutShort = await program.wasCutShort(end) }
            return end
        }
    }

    /// What a process finds in its environment; the rest is said of each batch.
    static func variables(for batch: Batch) -> [String: String] {
        [
            "TRANCHE_PERSISTENT": protocolNumber, "TRANCHE_JOB": batch.job,
            "TRANCHE_RUN": batch.run,
        ]
    }

    private func take(_ program: BatchProgram, for batch: Batch) async throws -> ProgramSession {
        while let session = state.withLock({ $0.idle.popLast() }) {
            if !session.hasEnded { return session }
        }
        let variables = Self.variables(for: batch)
        let child = try await ChildProcess.start(
            program.path,
            arguments: program.arguments,
            environment: program.environment.withoutBatch.merging(variables) { _, own in own },
            guardian: program.guardian
        )
        let session = ProgramSession(child, program)
        state.withLock { $0.running.append(session) }
        guard case .terminated = starting.yield(session) else { return session }
        // All is being cut short.
        session.terminate()
        await watch(session)
        throw CancellationError()
    }

    private func giveBack(_ session: ProgramSession) {
        if session.isReady { state.withLock { $0.idle.append(session) } }
    }

    // MARK: - All of them

    /// Watches over the processes while they are worked with, and ends them then.
    ///
    /// - Parameters:
    ///   - grace: How long they may take to end.
    ///   - clock: Measures it.
    ///   - body: Works with them.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func whileWorking<R: Sendable>(
        _ grace: Grace,
        _ clock: any Clock<Duration>,
        _ body: () async throws -> R
    ) async throws -> R {
        async let watching: Void = watch(grace, clock)
        let result = await Result { try await body() }
        for session in state.withLock({ $0.running }) { session.closeInput() }
        starting.finish()
        await watching
        return try result.get()
    }

    private func watch(_ grace: Grace, _ clock: any Clock<Duration>) async {
        await withTaskGroup(of: Bool.self) { group in
            var left = 0
            for await session in started {
                left += 1
                group.addTask { [self] in
                    await watch(session)
                    return true
                }
            }
            // There is no more work.
            group.addTask { [self] in
                // Cut short, this ends what is left at once; at the end there is nothing left.
                _ = try? await clock.sleep(for: grace.length)
                for session in state.withLock({ $0.running }) { session.terminate() }
                return false
            }
            while left > 0, let isSession = await group.next() { left -= isSession ? 1 : 0 }
            group.cancelAll()
        }
    }

    private func watch(_ session: ProgramSession) async {
        await session.watch()
        state.withLock { state in
            state.running.removeAll { $0 === session }
            state.idle.removeAll { $0 === session }
        }
    }
}
