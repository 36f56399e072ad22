import FoundationEssentials
import Synchronization

extension Inventory {
    /// Compares what was handed out with what the source has.
    ///
    /// Each tile's ids are counted and added up; where that differs, and in rotation, they are
    /// compared one by one. With a budget an audit goes on where the last one of the same ids
    /// ended, else it goes through the whole run; with bounds it looks at just these.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - description: Its source.
    ///   - options: What to look at, and what to do about it.
    ///   - progress: Called after each step.
    /// - Returns: What was found.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.redefined` for another source, also where
    ///   another thing stands under its name; the source's failure.
    public func audit(
        _ key: RunKey,
        from description: some MetaSourceDescription,
        options: AuditOptions = AuditOptions(),
        progress: (AuditReport) async throws -> Void = { _ in }
    ) async throws -> AuditReport {
        try options.ids.validate()
        let (run, source) = try await known(key, description)
        if source.isSeamless { return Self.seamlessAudit }
        try await requireSameSource(key, source)
        var audit = Audit(
            inventory: self,
            run: run,
            source: source,
            options: options,
            from: options.budget == nil ? .beginning : .lastEnd
        )
        let clock = configuration.clock
        let start = stopwatch.elapsed
        let report = try await audit.run(clock: clock, steps: .max, progress: progress)
        noteAudit(report, of: key, since: start)
        return report
    }

    /// Compares a part of what was handed out with what the source has, and writes nothing down:
    /// nothing is queued, and it is not kept where it ended.
    ///
    /// It ends with a step, of 256 batches at most, once the budget is used up, a million ids were
    /// counted, or ten thousand differ.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - description: Its source.
    ///   - options: What to look at; of them all but what is done about it.
    ///   - mark: The id of the position at which the part before ended; `nil` from the first.
    /// - Returns: What was found; where it is not finished, its position says where to go on.
    /// - Throws: As ``audit(_:from:options:progress:)``.
    package func auditPart(
        _ key: RunKey,
        from description: some MetaSourceDescription,
        options: AuditOptions,
        after mark: Int64?
    ) async throws -> AuditReport {
        var options = options
        options.isRepairing = false
        try options.ids.validate()
        let (run, source) = try await known(key, description)
        if source.isSeamless { return Self.seamlessAudit }
        let holds = try await sourceHolds(of: [run], from: source)
        if let hold = holds[key], let reason = hold { throw TrancheError(.redefined, reason) }
        var audit = Audit(
            inventory: self,
            run: run,
            source: source,
            options: options,
            from: .behind(mark)
        )
        let start = stopwatch.elapsed
        let report = try await audit.run(clock: configuration.clock, steps: .max) { _ in }
        noteAudit(report, of: key, since: start)
        return report
    }

    /// What an audit finds of a source whose content is looked at whenever it is opened and read:
    /// ids cannot come between others.
    private static var seamlessAudit: AuditReport {
        var report = AuditReport()
        report.isFinished = true
        return report
    }

    private func noteAudit(_ report: AuditReport, of key: RunKey, since start: Duration) {
        guard let events else { return }
        let duration = stopwatch.elapsed - start
        events.report(.audited, of: key) { event in
            event.duration = duration
            event.audit = report
        }
    }

    /// Whether the next acquire begins with a step of the audit.
    package func isAuditDue(
        _ request: BatchRequest,
        from description: some MetaSourceDescription
    ) async throws -> Bool {
        isAuditDue(request, from: try await source(description))
    }

    /// Whether the next acquire begins with a step of the audit.
    func isAuditDue(_ request: BatchRequest, from source: any MetaSource) -> Bool {
        guard mayAudit(source) else { return false }
        let key = request.key(of: source)
        let now = stopwatch.elapsed
        return shares.withLock { $0[key]?.isDue(at: now) ?? false }
    }

    private func mayAudit(_ source: any MetaSource) -> Bool {
        configuration.auditsWhileWorking && !source.isSeamless
    }

    /// Has this process audit a run more rarely where this host has many of its batches in hand.
    func shareAudits(of key: RunKey, held: Int) {
        let processors = ProcessInfo.processInfo.activeProcessorCount
        shares.withLock { $0[key]?.share(held: held, processors: processors) }
    }

    /// Does a step of the audit when a worker has spent less than 1 % of its time on it.
    ///
    /// - Parameters:
    ///   - request: What the worker asks for.
    ///   - description: Where the items are listed.
    /// - Throws: `CancellationError`, or what opening the source throws.
    package func auditALittle(
        _ request: BatchRequest,
        from description: some MetaSourceDescription
    ) async throws {
        let source = try await source(description)
        guard mayAudit(source) else { return }
        let key = request.key(of: source)
        let start = stopwatch.elapsed
        let isDue = shares.withLock { shares in
            var share = shares[key] ?? AuditShare(start: start, place: configuration.randomness())
            let isDue = share.begin(at: start)
            shares[key] = share
            return isDue
        }
        guard isDue else { return }
        defer {
            let spent = stopwatch.elapsed - start
            shares.withLock { $0[key]?.end(spent) }
        }
        do {
            guard let run = try await store.runs(RunSelection(key)).first, run.tileEnd != nil,
                run.definition == (try source.definition.canonicalText)
            else { return }
            var audit = Audit(
                inventory: self,
                run: run,
                source: source,
                options: AuditOptions(isRepairing: true),
                from: .lastEnd
            )
            let report = try await audit.run(clock: configuration.clock, steps: 1) { _ in }
            noteAudit(report, of: key, since: start)
        } catch is TrancheError {
            // Nobody stops working for an audit: the next one goes on where this one was, and
            // whoever asks for one is told what keeps it from going on.
        }
    }
}

/// How much of a process's time went into audits of a run; times are its stopwatch's.
///
/// Where a host has more batches in hand than processors, its workers have no more time between
/// them for that, and share what there is.
struct AuditShare: Sendable {
    /// The share that workers give, as one part of this many.
    static let parts = 100
    /// How long a process works before it audits at all.
    static let patience = Duration.seconds(10)

    private let start: Duration
    private let place: Double
    private var spent = Duration.zero
    private var isRunning = false
    private var crowd = 1.0

    /// Begins to count.
    ///
    /// - Parameters:
    ///   - start: When the process began to work.
    ///   - place: Where it stands among those of its host, from 0 up to 1, at random: they begin
    ///     one after the other.
    init(start: Duration, place: Double = 0) {
        self.start = start
        self.place = place
    }

    /// Says how many batches of the run are in hand on this host.
    mutating func share(held: Int, processors: Int) {
        crowd = max(1, Double(held) / Double(max(1, processors)))
    }

    /// Whether a step may be made now.
    func isDue(at now: Duration) -> Bool {
        let elapsed = now - start
        return !isRunning && elapsed >= Self.patience * (1 + (crowd - 1) * place)
            && spent * Self.parts * crowd <= elapsed
    }

    /// Begins a step, if one may be made now.
    mutating func begin(at now: Duration) -> Bool {
        guard isDue(at: now) else { return false }
        isRunning = true
        return true
    }

    mutating func end(_ time: Duration) {
        isRunning = false
        spent += time
    }
}
