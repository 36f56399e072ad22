public import Tranche

/// Writers and workers whose steps are interleaved by chance, to find what gets lost or done twice.
///
/// Writers draw ids and commit their rows in another order, roll back, stall, or draw ids outside
/// of their transaction; workers acquire, succeed, fail, give back, die, and come back when their
/// batch is somebody else's; their connections are cut before a request is made and before it is
/// answered. In every fourth simulation two budgets limit all runs together, one in batches and one
/// in weight, and each run has a parallelism; somebody changes them meanwhile. Each request of a
/// store and each statement of a writer is a step; the seed decides who makes the next one, and how
/// far the clock moves. At the end everything is worked off, and then: every committed id is in one
/// batch that has ended, none was handed out twice, every success was recorded by the attempt that
/// held the batch, and counts and weights are the source's. Never is more held by leases that last
/// than was allowed when a batch was let in, and no run is refused for its parallelism while it
/// holds less, nor by a budget under which nothing is held while no other run waits.
///
/// ```swift
/// try await Simulator(seed: seed).run()
/// ```
public struct Simulator: Sendable {
    /// The seed; the same seed makes the same steps.
    public let seed: UInt64
    /// How long gaps are watched; `nil` (the default) lets the seed decide.
    ///
    /// With 0, no writer draws ids outside of its transaction: such ids only a watch finds.
    public var watch: Duration?
    /// How often the work on an item may start; at least once by default.
    ///
    /// With at most once, workers begin most of the batches that they are given, also late, and no
    /// id is ever begun twice.
    public var execution: RunPolicy.Execution

    /// Makes a simulation.
    public init(
        seed: UInt64,
        watch: Duration? = nil,
        execution: RunPolicy.Execution = .atLeastOnce
    ) {
        self.seed = seed
        self.watch = watch
        self.execution = execution
    }

    /// Simulates on the reference store, with a table in memory.
    ///
    /// - Returns: What happened.
    /// - Throws: ``SimulationFailure``.
    @discardableResult
    public func run() async throws -> SimulationReport {
        let clock = ManualClock()
        return try await run(
            store: MemoryInventoryStore(clock: clock),
            clock: clock,
            table: MemoryTable()
        )
    }

    /// Simulates on a store.
    ///
    /// - Parameters:
    ///   - store: The store; several simulations may use it one after the other.
    ///   - clock: The clock that drives the store.
    ///   - table: An empty table; the job is named after the seed.
    /// - Returns: What happened.
    /// - Throws: ``SimulationFailure``; `CancellationError`.
    @discardableResult
    public func run(
        store: any InventoryStore,
        clock: ManualClock,
        table: any SimulatedTable
    ) async throws -> SimulationReport {
        var simulation = Simulation(self, store: store, clock: clock, table: table)
        do {
            return try await simulation.run()
        } catch {
            try Task.checkCancellation()
            // What was found first says more than what came of it.
            throw SimulationFailure(
                seed: seed,
                message: simulation.ledger.failure ?? "\(error)",
                steps: simulation.log.drawing
            )
        }
    }
}
