public import Tranche
public import TrancheConnectors

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
        /// Each backfill that is complete, once: nothing of it is open, whatever has failed, and it
        /// stands at its upper bound or its source has nothing more for it.
        ///
        /// An incremental run never is.
        case completed
    }

    /// Finds the sources of runs that may be complete.
    let finder: SourceLooks.SourceFinder

    /// Describes an input.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - job: The job.
    ///   - run: The run that counts; all by default.
    ///   - gives: The units that become events; batches by default.
    ///   - connectors: What finds the job's source, for runs that end where that does; by default
    ///     logs of inputs and the inventories of jobs. A run whose source is not found is complete
    ///     once it stands at its upper bound.
    ///   - context: What else belongs to the source.
    public init(
        _ name: String,
        job: String,
        run: String? = nil,
        gives: Gives = .batches,
        connectors: Connectors = Connectors([InventoryConnector(), InputConnector()]),
        context: ConnectorContext = ConnectorContext()
    ) {
        self.init(name, job: job, run: run, gives: gives) { run, inventory in
            try await connectors.source(of: run, in: inventory, context)
        }
    }

    /// Describes an input by what finds the sources of runs.
    package init(
        _ name: String,
        job: String,
        run: String?,
        gives: Gives,
        source: @escaping SourceLooks.SourceFinder
    ) {
        self.name = name
        self.job = job
        self.run = run
        self.gives = gives
        finder = source
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
        var looks = CompletionLooks()
        while true {
            try await give(log, &looks)
            try await log.clock.sleep(for: log.pollInterval)
        }
    }

    /// Gives an event for each run that is complete.
    public func gather(_ log: InputLog) async throws {
        var looks = CompletionLooks()
        try await give(log, &looks)
    }

    /// Gives an event for each run that is complete, but for those that are not to be looked at.
    private func give(_ log: InputLog, _ looks: inout CompletionLooks) async throws {
        guard gives == .completed else { return }
        var completed: [RunSummary] = []
        for summary in try await log.inventory.summaries(RunSelection(job: job, run: run))
        where looks.isDue(summary, at: log.now) {
            let found = try await log.inventory.completeness(of: summary, source: finder)
            if found == .complete { completed.append(summary) }
            if let fault = looks.note(found, of: summary, at: log.now) {
                log.report(TrancheError(.sourceUnavailable, fault))
            }
        }
        try await log.append(completed.map { entry(of: $0) })
        for summary in completed { looks.gave(summary) }
    }

    private func entry(of summary: RunSummary) -> InputLog.Entry {
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
}
