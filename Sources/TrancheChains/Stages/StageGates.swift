import Tranche

/// What keeps the stages of a chain apart while it runs.
final class StageGates: Sendable {
    let stages: ChainStages
    private let reading: StageGate
    private let writing: StageGate
    private let memory: StageGate

    init(_ stages: ChainStages) {
        self.stages = stages
        reading = StageGate(Double(stages.readers))
        writing = StageGate(Double(stages.writers))
        memory = StageGate(stages.readAhead ?? .infinity)
    }

    /// Reads a batch in its turn, and has it written in its turn.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - clock: Waits where a stage tries again.
    ///   - progress: Receives progress while the batch waits for a stage.
    ///   - mayRepeat: Whether writing may be tried again.
    ///   - read: Reads the batch.
    ///   - write: Writes what was read.
    /// - Returns: What `write` returns.
    /// - Throws: What they throw; `CancellationError`.
    func run<Content: Sendable, Result: Sendable>(
        _ batch: Batch,
        _ clock: any Clock<Duration>,
        _ progress: BatchProgress,
        mayRepeat: Bool,
        read: () async throws -> Content,
        write: (Content) async throws -> Result
    ) async throws -> Result {
        // An infinite weight less itself is no number.
        let weight = min(batch.weight, .greatestFiniteMagnitude / 1e6)
        try await progress.whileWaiting { try await memory.enter(weight) }
        defer { memory.leave(weight) }
        // Who waits to try again leaves its place to others.
        let content = try await stages.readRetry.run(clock, progress) {
            try await progress.whileWaiting { try await reading.enter() }
            defer { reading.leave() }
            return try await read()
        }
        let retry = mayRepeat ? stages.writeRetry : StageRetry()
        return try await retry.run(clock, progress) {
            try await progress.whileWaiting { try await writing.enter() }
            defer { writing.leave() }
            return try await write(content)
        }
    }
}
