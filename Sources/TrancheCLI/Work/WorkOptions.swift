import Tranche
import TrancheWorkflows

/// The options of the commands that run a program per batch.
struct WorkOptions: Sendable {
    let job: JobOptions
    let workers: Int
    let prefetch: Int
    let grace: Grace
    /// How long a program may take for a batch.
    let timeout: Duration?
    /// How long a program may go on without a sign of progress.
    let idleBound: Duration?
    /// Whether to wait for more for ever.
    let follows: Bool
    /// How to exit when there was nothing to do.
    let idle: ProgramStatus
    /// What the program is given by name.
    private let parameters: WorkflowParameters
    /// The program and its arguments.
    let program: [String]
    /// How the program is given the items.
    let input: InputOptions

    static func group(mayFollow: Bool) -> CommandDescription.OptionGroup {
        var options: [CommandDescription.Option] = [
            .init("workers", "N", "programs at a time; 1 by default", isUsual: true),
            .init("prefetch", "K", "batches that each worker acquires ahead; 0 by default"),
            Grace.option(of: "programs"),
            .init(
                "timeout",
                "TIME",
                "how long a program may take for a batch; no bound by default",
                isUsual: true,
                brief: "how long a program may take for a batch"
            ),
            .init("idle", "TIME", "how long a program may write no line; no bound by default"),
            .init(
                "param",
                "NAME=VALUE",
                "given to the program as TRANCHE_PARAM_NAME",
                isRepeatable: true
            ),
            ProgramStatus.idleOption(0),
            LogFormat.option,
        ]
        if mayFollow {
            options += [
                .init("drain", nil, "end when the run is complete; the default"),
                .init("follow", nil, "never end: wait for new items", isUsual: true),
            ]
        }
        return .init(title: "Working", options: options)
    }

    /// What of them the short help says.
    static let brief = """
        CMD gets a batch's items as lines {"id","item","weight"} on standard input. When it
        exits with 0 the batch has succeeded; else it is tried again, --max-attempts times.

        """

    static let notes = """
        CMD gets the items as lines {"id","item","weight"} on its standard input; with
        --columns each has "row" too, with --lines it is the payload alone. With --args, or
        {} as an argument of CMD, items are arguments, in as many calls as the system's
        limits need; all are one attempt, which ends with the first call that fails. With
        --persistent, CMD is started once per worker and answers each batch with a line
        {"done": N}; the article "Programs for batches" has the protocol, and the folder
        clients what speaks it. In its environment are TRANCHE_JOB, _RUN, _KIND, _EXACT,
        _BATCH, _ATTEMPT, _ID_START and _ID_END; exact is 1 where an unfiltered reader of
        these ids sees just the items. When CMD exits with 0 the batch has succeeded, else
        it failed; 75 means that trying again may help, and does not count towards
        splitting. Its output goes to standard error, each line behind the batch's number; a
        last line that is a JSON object is kept as the batch's result. When this has
        "bad": [{"id": 5, "error": "no such day"}], or "bad_ids": [5, 9], these items are
        quarantined with what is wrong with them; the others are done when CMD exits with 0,
        else a batch again at once. When it exits with 75 and the last line is
        {"retry_after": 30, "budget": "api"}, the batch is due again in 30 s (15 min
        at most), no failure is counted, and that budget of the run, if one is named, is
        parked as long, so that nobody else tries meanwhile.

        The end of what it writes, at most 64 KiB of standard error and of standard output,
        is kept for 'tranche logs'; the last line that says something is the error. What it
        leaves in a last line {"note": ...}, or with 'tranche heartbeat --note', the next
        attempt at the batch gets as TRANCHE_NOTE, at most 8 KiB.

        Of pages:NAME, CMD gets the cursor in TRANCHE_PAGE too, and names the page that
        follows, before it works on its own, with a line {"next_page": "CURSOR"}, or null
        for the end (and "for_now": true where a page may follow later); or with
        'tranche page next'. The run is complete once the end is named.

        After --timeout, or --idle without a line written or a 'tranche heartbeat', a program
        gets SIGTERM, then SIGKILL, and its batch fails with "timed out".

        With --prefetch, the next batches are acquired while a program runs, and held until
        their turn; others cannot have them meanwhile. Without, each is acquired in the
        transaction that records the success of the one before.

        After SIGINT, SIGTERM or SIGHUP nothing more is acquired and programs may finish.
        What has not finished after --grace, or at a second signal a second or more later,
        gets SIGTERM, then SIGKILL (after two fifths of --grace, 0.5 s to 2 s), and its
        batch is released; so are at once the batches that were acquired ahead. A program
        that dies of such a signal while this process gets one too, or ends with 75 then,
        has not failed: its batch is released, and nothing is counted. Signals within a
        second are one.

        With --execution at-most-once, that work begins is noted right before CMD is started,
        and CMD is never started for that batch again, whatever it exits with: what has not
        succeeded is failed for good, and 'tranche retry --may-repeat' offers it again. What
        was not begun, such as batches that were acquired ahead, is offered as ever.

        Where nobody reads standard error any more, work goes on in silence.

        Exit: 0 complete, 1 complete with failed, stuck or quarantined batches, 5 cancelled,
        also with --follow, 75 held, paused, or a transaction that may still commit ids
        stays open; after a signal 0 when all in hand was finished, else 130;
        --exit-when-idle when it was complete before, and this process had nothing to do.

        """

    init(_ arguments: Arguments) throws {
        job = try JobOptions(arguments)
        workers = try arguments.value("workers") { try parseCount($0) } ?? 1
        guard workers <= 1000 else {
            throw UsageError("--workers \(workers) is too many; at most 1000")
        }
        prefetch = try arguments.value("prefetch") { try parseCount($0, from: 0) } ?? 0
        guard prefetch <= 1000 else {
            throw UsageError("--prefetch \(prefetch) is too many; at most 1000")
        }
        guard prefetch == 0 || job.request.targetTime == nil else {
            throw UsageError(
                "--prefetch does not go with --target-time: a batch that is held ahead takes longer"
            )
        }
        grace = try Grace(arguments)
        timeout = try Self.bound("timeout", arguments)
        idleBound = try Self.bound("idle", arguments)
        idle = try ProgramStatus.whenIdle(arguments) ?? .done
        follows = arguments.has("follow")
        if follows, arguments.has("drain") {
            throw UsageError("--drain and --follow exclude each other")
        }
        do {
            parameters = try WorkflowParameters(texts: arguments.texts("param"))
        } catch {
            throw UsageError("--param \(error)")
        }
        program = arguments.program
        input = try InputOptions(arguments)
    }

    private static func bound(_ name: String, _ arguments: Arguments) throws -> Duration? {
        try arguments.value(name) { text in
            let bound = try parseDuration(text)
            guard bound > .zero else { throw ValueError("a bound of time is above 0") }
            return bound
        }
    }

    /// Runs the program for each batch of the run.
    ///
    /// - Parameters:
    ///   - context: What the command works with.
    ///   - check: Looks at what is asked for, once all of it is known.
    /// - Returns: How to exit.
    /// - Throws: ``UsageError``, and what the inventory and the source throw.
    func run(
        _ context: Context,
        _ check: (BatchRequest) throws -> Void = { _ in }
    ) async throws -> ProgramStatus {
        let path = try ProgramFinder(environment: context.environment).path(of: program[0])
        // Signals are dealt with from here on, so that none is lost while the inventory is opened.
        let signals = context.signals()
        let guardian = try ProcessGuard()
        return try await context.withInventory(worker: job.worker) { inventory in
            let job = try await job.completed(context, in: inventory)
            try check(job.request)
            let source = try job.source(context.settings)
            let opened = try await job.open(source, in: inventory)
            let definition = opened.definition
            try input.check(opened)
            try await job.notePolicy(inventory, context)
            try context.noteRisks(of: opened)
            let progress = Progress(
                context,
                weighsBytes: definition.weighsBytes || job.saysBytes,
                hasWeights: definition.weight != nil,
                clock: inventory.configuration.clock
            )
            let stop = StopSource()
            let batchProgram = BatchProgram(
                path: path,
                arguments: program,
                environment: context.environment.merging(parameters.environment) { $1 },
                guardian: guardian,
                stop: stop,
                grace: grace,
                clock: inventory.configuration.clock,
                copy: { progress.copy($0, of: $1, $2) },
                way: input.way
            )
            let key = RunKey(
                metaTable: definition.table,
                job: job.request.job,
                run: job.request.run
            )
            let group = WorkerGroup(
                inventory,
                job.request,
                from: source,
                configuration: configuration,
                stop: stop,
                handler: ProgramHandler(
                    program: batchProgram,
                    progress: progress,
                    remark: OneRemark { job.sizeNote(on: $0) },
                    report: { report in
                        guard context.isJSON else { return }
                        try context.output.writeLine(BatchEndDocument(report).documentText())
                    }
                ),
                watcher: progress
            )
            let start = ContinuousClock.now
            let reason: NoBatchReason?
            do {
                let report = try await stop.whileWatching(
                    signals,
                    grace: grace,
                    clock: inventory.configuration.clock,
                    progress,
                    estimate: { await estimate(inventory, source, progress) },
                    { try await batchProgram.whileWorking { try await group.run() } }
                )
                reason = stop.stage >= .stopping ? nil : report.reason
            } catch {
                progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                throw error
            }
            progress.finish(
                elapsed: ContinuousClock.now - start,
                isOver: reason == nil || reason == .complete
            )
            return try await status(reason, progress.tally, key, opened, inventory, context)
        }
    }

    /// How the group works.
    private var configuration: WorkerGroup.Configuration {
        .init(
            slots: workers,
            prefetch: prefetch,
            end: follows ? .never : .whenComplete,
            grace: grace.length,
            timeout: timeout.map { .fixed($0) },
            idle: idleBound
        )
    }

    /// Finds out how much there is to do, when a look at some hundred batches tells.
    private func estimate(
        _ inventory: Inventory,
        _ source: any MetaSourceDescription,
        _ progress: Progress
    ) async {
        guard progress.isLive, job.request.limit != BatchLimit() else { return }
        // An estimate: what fails here fails again, and is told, when a batch is acquired.
        let forecast = try? await inventory.plan(job.request, from: source, batches: 256)
        guard let forecast, forecast.reachedEnd else { return }
        progress.update { tally in
            // Batches that ended while this looked are no longer in the forecast.
            tally.planned = .init(
                items: forecast.items + tally.items,
                weight: forecast.weight + tally.weight
            )
        }
    }

    private func status(
        _ reason: NoBatchReason?,
        _ tally: ProgressTally,
        _ key: RunKey,
        _ source: any MetaSource,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        switch reason {
        case nil:
            return tally.unfinished.isEmpty ? .done : .interrupted
        case .complete:
            let summary = try await inventory.summaries(RunSelection(key)).first
            let totals = summary?.totals ?? [:]
            var troubles: [String] = []
            troubles += failures(of: summary)
            if let quarantined = totals[.quarantined], quarantined.batches > 0 {
                let words = HumanText.count(quarantined.items, "item is", "items are")
                troubles.append("\(words) quarantined; 'tranche redrive' makes them batches again")
            }
            if troubles.isEmpty { return tally.isEmpty ? idle : .done }
            let words = troubles.joined(separator: ", and ")
            try context.note("\(key) is complete, but \(words)", .error)
            return .failed
        case .unsettled:
            try await noteWriters(of: key, source, inventory, context)
            return .tryAgain
        case .waiting, .paused, .held, .limited, .superseded:
            try context.note("\(key): \(reason?.description ?? "")", .warning)
            return .tryAgain
        case .stuck:
            let summary = try await inventory.summaries(RunSelection(key)).first
            let troubles = failures(of: summary).joined(separator: ", and ")
            try context.note("\(key) is complete, but \(troubles)", .error)
            return .failed
        case .cancelled:
            try context.note("\(key): \(reason?.description ?? "")", .warning)
            return .cancelled
        }
    }

    /// Says whose transactions keep the run from being complete.
    private func noteWriters(
        of key: RunKey,
        _ source: any MetaSource,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        try context.note(
            "\(key): a transaction that writes to the items stays open, and may still commit "
                + "ids that were passed over; 'tranche gaps --job \(RunKey.quoted(key.job))' "
                + "shows it and them. End it, or try again later",
            .warning
        )
        let reason = NoBatchReason.unsettled(until: nil)
        let wait = try await inventory.explanation(of: reason, for: key, in: source)
        if let wait, !wait.writers.isEmpty { try context.note(WaitText.words(wait), .warning) }
    }

    /// What is to be said of batches that stay failed.
    private func failures(of summary: RunSummary?) -> [String] {
        let cancelled = summary?.causes[.cancelled]?.batches ?? 0
        let stuck = summary?.causes[.stuck]?.batches ?? 0
        let begun = summary?.causes[.begun]?.batches ?? 0
        let failed = (summary?.totals[.failed]?.batches ?? 0) - cancelled - stuck - begun
        func words(_ count: Int, _ what: String, _ option: String) -> String? {
            guard count > 0 else { return nil }
            let batches = HumanText.count(count, "batch has", "batches have")
            return "\(batches) \(what); 'tranche retry\(option)' offers them again"
        }
        return [
            words(failed, "failed", ""), words(stuck, "got stuck", ""),
            words(begun, "failed, and may have been executed", " --may-repeat"),
            words(cancelled, "been cancelled", " --cancelled"),
        ].compactMap { $0 }
    }
}

extension BatchEndDocument {
    /// Makes the document of the end of a batch that a program worked on.
    init(_ report: BatchReport) {
        self.init(
            report.batch,
            status: report.end.status,
            elapsed: report.elapsed,
            result: report.end.result,
            error: report.end.error,
            bad: report.end.bad
        )
    }
}
