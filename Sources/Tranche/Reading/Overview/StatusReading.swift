package import FoundationEssentials

/// What is shown of runs: their states, what waits in their sources, and what is wrong.
package struct StatusReading: Sendable {
    /// The runs.
    package let overview: Overview
    /// Why sources could not be looked at, by run.
    package let faults: [RunKey: String]
    /// The transaction of others that has been open for longest.
    package let openTransaction: OpenTransaction?
    /// The transactions that runs wait for, as they may still commit ids that were passed over; of
    /// the first ``mostWaiting`` of these runs.
    package let writers: [RunKey: [SourceWriter]]
    /// The batch whose lease ended first, and which nobody has taken over yet; of the first
    /// ``mostWaiting`` of the runs that have one.
    package let lapsed: [RunKey: OpenBatch]

    /// Of how many runs it is found out whom they wait for, or who let a lease end.
    private static let mostWaiting = 8

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
        try await self.init(
            of: try await inventory.summaries(selection, after: nil, limit: limit),
            in: inventory,
            source: source
        )
    }

    /// Looks at the sources of runs that were read already.
    ///
    /// - Parameters:
    ///   - summaries: The runs.
    ///   - inventory: The inventory.
    ///   - source: Finds the source of a run.
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    package init(
        of summaries: [RunSummary],
        in inventory: Inventory,
        source: @escaping SourceLooks.SourceFinder
    ) async throws {
        let looks = try await SourceLooks(inventory: inventory, source: source)
            .look(at: summaries)
        let records = summaries.map(\.run)
        // Without a gap there is none to look at.
        let gaps = try await inventory.gaps(ofAll: records.filter { $0.gapsDueAt != nil })
        let stuck = try await inventory.newestStuck(
            of: summaries.filter { $0.causes[.stuck] != nil }.map(\.run)
        )
        let budgets = try await inventory.budgets(ofAll: records.filter(\.isLimited))
        let runs = summaries.map { summary in
            var summary = summary
            let key = summary.run.key
            if let look = looks[key] { summary.run.standing.hold = look.hold }
            return RunStatus(
                summary: summary,
                gaps: gaps[key] ?? [],
                stuck: stuck[key],
                risks: looks[key]?.risks,
                obstacles: summary.run.isLimited ? budgets.obstacles(of: key) : [],
                backlog: looks[key]?.backlog
            )
        }
        overview = Overview(runs)
        faults = looks.compactMapValues(\.fault)
        openTransaction = try await inventory.oldestTransaction()
        var writers: [RunKey: [SourceWriter]] = [:]
        for run in overview.runs.filter(\.isUnsettled).prefix(Self.mostWaiting) {
            writers[run.run.key] = try await inventory.writers(
                awaitedBy: run.run,
                gaps: run.gaps,
                from: { try await source(run.run, inventory) }
            )
        }
        self.writers = writers
        lapsed = try await inventory.lapsed(among: overview.runs, atMost: Self.mostWaiting)
    }
}

extension Inventory {
    /// Looks for batches whose leases have ended, and which nobody has taken over yet.
    ///
    /// - Parameters:
    ///   - runs: The runs.
    ///   - limit: How many of those that have such batches are looked at.
    /// - Returns: For each of these runs the batch whose lease ended first.
    /// - Throws: `TrancheError` of the store.
    fileprivate func lapsed(
        among runs: [RunStatus],
        atMost limit: Int
    ) async throws -> [RunKey: OpenBatch] {
        var lapsed: [RunKey: OpenBatch] = [:]
        for run in runs.filter({ $0.summary.lapsed.batches > 0 }).prefix(limit) {
            // What is due first comes first, be it a lease or a retry.
            let open = try await store.openBatches(of: run.run.key, heldAt: nil, limit: 100)
            lapsed[run.run.key] = open.first { $0.batch.hasLapsed(at: now) }
        }
        return lapsed
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
