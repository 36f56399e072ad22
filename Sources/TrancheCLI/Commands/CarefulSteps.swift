import Tranche

/// Quarantined items that are made batches again in growing steps, each once the one before ended.
struct CarefulSteps: Sendable {
    private let start: Int
    private let growth: Double
    private let stopsOnFailure: Bool

    /// How long to wait between two looks at what is in work.
    private static let pause = Duration.milliseconds(500)
    /// After how many looks without news it is said what is waited for.
    private static let patience = 60

    /// Reads the options.
    ///
    /// - Throws: ``UsageError``.
    init?(_ arguments: Arguments) throws {
        let growth = try arguments.value("grow") { text in
            guard let factor = Double(text), factor >= 1, factor <= 1000 else {
                throw ValueError("give a number from 1 to 1000")
            }
            return factor
        }
        stopsOnFailure = arguments.has("stop-on-failure")
        self.growth = growth ?? 2
        guard let start = try arguments.value("start", { try parseCount($0) }) else {
            if growth != nil || stopsOnFailure {
                throw UsageError("--grow and --stop-on-failure go with --start")
            }
            return nil
        }
        self.start = start
    }

    /// Makes batches again, step by step.
    ///
    /// - Parameters:
    ///   - batches: Quarantined batches.
    ///   - reason: The reason, for the list of changes.
    ///   - inventory: The inventory.
    ///   - context: Where to say how it goes.
    /// - Returns: How to exit.
    /// - Throws: `TrancheError` of the store; `CancellationError`, what it has not come to stays.
    func redrive(
        _ batches: [BatchRecord],
        because reason: String?,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        var left = batches[...]
        var size = start
        var made: [BatchRecord] = []
        var failed = 0
        while !left.isEmpty, failed == 0 || !stopsOnFailure {
            let step = try await inventory.redrive(
                found: Array(left.prefix(size)),
                reason: reason
            )
            left = left.dropFirst(size)
            if !context.isJSON {
                for batch in step.sorted(by: { $0.idStart < $1.idStart }) {
                    try context.output.writeLine(batch.redrivenWords)
                }
            }
            let ended = try await ends(of: step, inventory, context)
            made += ended
            let bad = ended.count { $0.hasFailed }
            failed += bad
            let words = HumanText.count(ended.count, "batch", "batches")
            let result = bad == 0 ? "all succeeded" : "\(HumanText.number(bad)) failed"
            let rest = HumanText.count(left.count, "is left", "are left")
            try context.note("\(words): \(result); \(rest)")
            size = Int(min((Double(size) * growth).rounded(.up), 1_000_000))
        }
        if context.isJSON {
            try context.output.writeLine(RedriveDocument(made, isDryRun: false).documentText())
        }
        if failed > 0, !left.isEmpty {
            try context.note("stopped at a failure: the items left stay in quarantine")
        }
        return failed == 0 ? .done : .failed
    }

    /// Waits until a step has ended, or one of it has failed where that is enough.
    private func ends(
        of step: [BatchRecord],
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> [BatchRecord] {
        if step.isEmpty { return [] }
        var known: [BatchRecord] = []
        var looks = 0
        while true {
            let now = try await inventory.batches(BatchSelection(ids: step.map(\.id)))
            let open = now.filter { !$0.isFinal }
            // What was removed, or packed, meanwhile has ended as well.
            if open.isEmpty || stopsOnFailure && now.contains(where: \.hasFailed) { return now }
            looks = now == known ? looks + 1 : 0
            known = now
            if looks == Self.patience {
                looks = 0
                let held = open.count { $0.status == .running }
                try context.note(
                    "waits for \(HumanText.count(open.count, "batch", "batches")), of which "
                        + "\(HumanText.number(held)) are in work; workers of the job take the "
                        + "others"
                )
            }
            try await inventory.configuration.clock.sleep(for: Self.pause)
        }
    }
}

extension BatchRecord {
    /// Whether an attempt at it failed, or it was cancelled.
    fileprivate var hasFailed: Bool {
        failures > 0 && status != .succeeded || status == .quarantined || cause == .cancelled
    }
}
