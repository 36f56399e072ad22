public import Tranche

/// An input whose events are the results of another job of the inventory.
public struct InventoryInput: Input {
    /// The name in the graph.
    public let name: String
    /// The job.
    public var job: String
    /// The run that counts; `nil` (the default) for all.
    public var run: String?
    /// The units that become events.
    public var gives: Gives

    /// The units that become events.
    public enum Gives: String, Sendable, Hashable, CaseIterable {
        /// Each batch that succeeded.
        case batches
        /// Each bounded run that is complete, once: nothing of it is open, whatever has failed.
        case completed
    }

    /// Describes an input.
    public init(_ name: String, job: String, run: String? = nil, gives: Gives = .batches) {
        self.name = name
        self.job = job
        self.run = run
        self.gives = gives
    }

    /// The job's completions, or the input's log.
    public func source(for link: Link) -> any MetaSourceDescription {
        switch gives {
        case .batches: InventorySource(job: job, run: run)
        case .completed: InputLogSource(name, delay: link.coalesce ?? .zero)
        }
    }

    /// A completion, or the event that was kept.
    public func event(of item: Item) throws -> Event {
        guard gives == .batches else { return try Event(json: item.text) }
        var event = Event(completion: item, of: job)
        event.trigger = name
        return event
    }

    /// Looks at the job's runs again and again.
    public func run(_ log: InputLog) async throws {
        var given: Set<RunKey> = []
        while true {
            given.formUnion(try await give(log, except: given))
            try await log.clock.sleep(for: log.pollInterval)
        }
    }

    /// Gives an event for each run that is complete.
    public func gather(_ log: InputLog) async throws {
        _ = try await give(log, except: [])
    }

    /// Gives an event for each run that is complete, but for some.
    ///
    /// - Returns: The runs.
    private func give(_ log: InputLog, except known: Set<RunKey>) async throws -> [RunKey] {
        guard gives == .completed else { return [] }
        let completed = try await completedRuns(in: log.inventory, except: known)
        let entries = completed.map { summary in
            let totals = summary.totals
            let done = totals[.succeeded]?.batches ?? 0
            let failed = (totals[.failed]?.batches ?? 0) + (totals[.quarantined]?.batches ?? 0)
            let key = summary.run.key
            return InputLog.Entry(
                Event(
                    location: key.metaTable,
                    operation: .update,
                    id: key.run,
                    payload: #"{"succeeded":\#(done),"failed":\#(failed)}"#
                ),
                // The run's beginning tells it from one of the name that was forgotten.
                identity: "\(FNVHash(of: key.metaTable).value)|\(key.run)|"
                    + "\(summary.run.createdAt.milliseconds)",
                isLasting: true
            )
        }
        try await log.append(entries)
        return completed.map(\.run.key)
    }

    /// The bounded runs of which nothing is left to do, but for some.
    private func completedRuns(
        in inventory: Inventory,
        except known: Set<RunKey>
    ) async throws -> [RunSummary] {
        var completed: [RunSummary] = []
        for summary in try await inventory.summaries(RunSelection(job: job, run: run))
        where !known.contains(summary.run.key) && Self.isComplete(summary, gaps: []) {
            // Gaps are asked for only where nothing else is open.
            let gaps = try await inventory.gaps(of: summary.run.key)
            if Self.isComplete(summary, gaps: gaps) { completed.append(summary) }
        }
        return completed
    }

    private static func isComplete(_ summary: RunSummary, gaps: [Gap]) -> Bool {
        let status = RunStatus(summary: summary, gaps: gaps, risks: nil)
        if case .complete = status.activity { return true }
        return false
    }
}
