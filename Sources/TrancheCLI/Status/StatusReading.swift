import Foundation
import Tranche

/// What commands show that look at all runs.
struct StatusReading: Sendable {
    /// The runs.
    let overview: Overview
    /// Why sources could not be looked at, by run.
    let faults: [RunKey: String]
    /// The transaction of others that has been open for longest.
    let openTransaction: OpenTransaction?

    /// Looks at the runs that are meant, and at their sources.
    init(
        _ selection: RunSelection,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        let summaries = try await inventory.summaries(selection)
        let looks = try await SourceLooks(inventory: inventory, context: context)
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
    func words(at now: Date) -> String {
        let client = application.isEmpty ? "" : ", client '\(application)'"
        let time = Duration.seconds(now.timeIntervalSince(since)).words
        return "a transaction has been open for \(time) in the inventory's database (process "
            + "\(process), "
            + "user '\(user)'\(client)): dead rows stay until it ends, and make everything slower"
    }
}
