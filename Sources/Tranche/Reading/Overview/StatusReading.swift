package import Foundation

/// What is shown of runs: their states, what waits in their sources, and what is wrong.
package struct StatusReading: Sendable {
    /// The runs.
    package let overview: Overview
    /// Why sources could not be looked at, by run.
    package let faults: [RunKey: String]
    /// The transaction of others that has been open for longest.
    package let openTransaction: OpenTransaction?

    /// Looks at runs, and at their sources.
    ///
    /// - Parameters:
    ///   - selection: Which runs.
    ///   - inventory: The inventory.
    ///   - limit: Most runs; any number by default.
    ///   - source: Finds the source of a run.
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    package init(
        _ selection: RunSelection,
        in inventory: Inventory,
        limit: Int = .max,
        source: @escaping SourceLooks.SourceFinder
    ) async throws {
        let summaries = try await inventory.summaries(selection, after: nil, limit: limit)
        let looks = try await SourceLooks(inventory: inventory, source: source)
            .look(at: summaries)
        var budgets: [Budget]?
        var runs: [RunStatus] = []
        for var summary in summaries {
            let look = looks[summary.run.key]
            if let look { summary.run.standing.hold = look.hold }
            let run = summary.run
            // Without a gap there is none to look at.
            let gaps = run.gapsDueAt == nil ? [] : try await inventory.gaps(of: run.key)
            var stuck: BatchRecord?
            if summary.causes[.stuck] != nil {
                let one = BatchSelection(runs: RunSelection(run.key), cause: .stuck, limit: 1)
                stuck = try await inventory.batches(one).first
            }
            if run.isLimited, budgets == nil { budgets = try await inventory.budgets() }
            runs.append(
                RunStatus(
                    summary: summary,
                    gaps: gaps,
                    stuck: stuck,
                    risks: look?.risks,
                    budgets: run.isLimited ? budgets ?? [] : [],
                    backlog: look?.backlog
                )
            )
        }
        overview = Overview(runs)
        faults = looks.compactMapValues(\.fault)
        openTransaction = try await inventory.oldestTransaction()
    }
}

extension OpenTransaction {
    /// What is told of it.
    package func words(at now: Date) -> String {
        let client = application.isEmpty ? "" : ", client '\(application)'"
        let time = Duration.seconds(now.timeIntervalSince(since)).words
        return "a transaction has been open for \(time) in the inventory's database (process "
            + "\(process), "
            + "user '\(user)'\(client)): dead rows stay until it ends, and make everything slower"
    }
}
