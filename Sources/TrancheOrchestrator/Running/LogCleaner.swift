import Tranche

/// Cleans the log of an input of what its links need no more, and tells once of each run that was
/// passed.
struct LogCleaner {
    private let input: any Input
    private let inventory: Inventory
    private let keep: Duration
    private let reports: OrchestratorReports
    /// The jobs of what follows a load: they look at events of another job's batches.
    private let afters: [LinkJob]
    /// The links that had not begun when that was last asked: each may need all that there is.
    private var waiting: [String]
    private var passed: Set<RunKey> = []

    /// Makes a cleaner.
    ///
    /// - Parameters:
    ///   - input: The input.
    ///   - jobs: All jobs that read its events.
    ///   - inventory: Where they are kept.
    ///   - keep: How long events are kept that a link still needs.
    ///   - reports: Called with the runs that were passed.
    init(
        of input: any Input,
        _ jobs: [LinkJob],
        _ inventory: Inventory,
        keeping keep: Duration,
        _ reports: OrchestratorReports
    ) {
        (self.input, self.inventory, self.keep, self.reports) = (input, inventory, keep, reports)
        afters = jobs.filter { $0.after != nil }
        waiting = jobs.filter { $0.upstream == nil }.map(\.name)
    }

    /// Cleans once; nothing while a link has not begun.
    ///
    /// - Throws: `TrancheError`; `CancellationError`.
    mutating func clean() async throws {
        while let job = waiting.last {
            guard try await !inventory.runs(RunSelection(job: job)).isEmpty else { return }
            // What has begun has a run for good.
            waiting.removeLast()
        }
        let found = try await cleaned()
        for key in found.subtracting(passed) {
            reports.note(
                OrchestratorError(
                    input.name,
                    message: "\(key) was passed: events that it still needs were kept for as "
                        + "long as they are, and are cleaned"
                )
            )
        }
        passed = found
    }

    /// Cleans, and finds the runs that were passed.
    private func cleaned() async throws -> Set<RunKey> {
        guard let after = afters.first, input.source(for: after.link) is InputLogSource else {
            return Set(try await input.clean(inventory, keeping: keep))
        }
        // These first: what is done meanwhile is needed by those that follow.
        let needs = try await inventory.needs(of: afters, keeping: keep)
        let cleaned = try await inventory.clean(
            input: input.name,
            keeping: keep,
            besides: needs
        )
        return Set(cleaned.passed)
    }
}
