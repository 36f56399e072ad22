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
    /// Whether to wait for more forever.
    let follows: Bool
    /// How to exit when there was nothing to do.
    let idle: ProgramStatus
    /// What the program is given by name.
    let parameters: WorkflowParameters
    /// The program and its arguments.
    let program: [String]
    /// How the program is given the items.
    let input: InputOptions
    /// Whether to show the next batch, and work on none.
    private let isDryRun: Bool
    /// Where the work is told of.
    private let lineage: LineageOptions

    static func group(mayFollow: Bool) -> CommandDescription.OptionGroup {
        var options: [CommandDescription.Option] = [
            .init("workers", "N", "number of programs at a time (default: 1)", isUsual: true),
            .init(
                "prefetch",
                "K",
                "number of batches that each worker acquires ahead (default: 0)"
            ),
            Grace.option(of: "programs"),
            .init(
                "timeout",
                "TIME",
                "maximum time of a program for a batch (default: none)",
                isUsual: true,
                brief: "maximum time of a program for a batch"
            ),
            .init("idle", "TIME", "maximum time without a line of output (default: none)"),
            .init(
                "param",
                "NAME=VALUE",
                "parameter for the program, as TRANCHE_PARAM_NAME",
                isRepeatable: true
            ),
            ProgramStatus.idleOption(0),
            LogFormat.option,
            dryRunOption(isUsual: mayFollow),
        ]
        options += LineageOptions.options
        if mayFollow {
            options += [
                .init("drain", nil, "end when the run is complete (the default)"),
                .init("follow", nil, "never end; wait for new items", isUsual: true),
            ]
        }
        return .init(title: "Working", options: options)
    }

    /// What of them the short help says.
    static let brief = """
        CMD reads the items of a batch as lines {"id","item","weight"} on standard input.
        Exit 0 means that the batch succeeded; else it is tried again (--max-attempts).

        """

    static let notes = """
        CMD reads the items as lines {"id","item","weight"} on its standard input. With
        --columns each line also has "row"; with --lines it is only the payload. With
        --args, or an argument {} of CMD, the items are arguments, in as many calls as the
        limits of the system require; together they are one attempt, which ends with the
        first call that fails. With --persistent, CMD starts once per worker and answers
        each batch with a line {"done": N}; the article "Programs for batches" has the
        protocol, the folder clients modules for it.

        The environment of CMD has TRANCHE_JOB, _RUN, _KIND, _EXACT, _BATCH, _ATTEMPT,
        _ID_START and _ID_END; _EXACT is 1 if a reader of these ids without a filter sees
        just the items. With --by, or with times for --from and --to, TRANCHE_FROM and
        TRANCHE_TO are the interval of the items' times; the second is not part of it.

        When CMD exits with 0 the batch has succeeded, otherwise it has failed. 75 means
        that another attempt may help, and does not count towards splitting. The output of
        CMD goes to standard error, each line after the number of the batch. A last line
        that is a JSON object is stored as the result of the batch. If it has "bad": [{"id":
        5, "error": "no such day"}], or "bad_ids": [5, 9], these items are quarantined with
        their errors; the others have succeeded if CMD exits with 0, otherwise they are a
        new batch at once. If CMD exits with 75 and the last line is {"retry_after": 30,
        "budget": "api"}, the batch is due again in 30 s (at most 15 min) and no failure is
        counted. If it names a budget of the run, that budget is parked for the same time,
        so that no other worker tries meanwhile.

        'tranche logs' shows the end of its output, at most 64 KiB of standard error and of
        standard output; the last line with text is the error. A note that CMD leaves in a
        last line {"note": ...}, or with 'tranche heartbeat --note', reaches the next
        attempt as TRANCHE_NOTE, at most 8 KiB.

        With pages:NAME, CMD also reads the cursor in TRANCHE_PAGE. Before it processes its
        page, it names the page that follows, with a line {"next_page": "CURSOR"} or
        'tranche page next'; null means the end (with "for_now": true if a page may follow
        later). The run is complete once the end is named.

        After --timeout, or after --idle without a line of output or a 'tranche heartbeat',
        the program gets SIGTERM, then SIGKILL, and its batch fails with "timed out".

        With --prefetch, a worker acquires its next batches while a program runs; other
        workers cannot have them meanwhile. Without it, one transaction records the success
        of a batch and acquires the next.

        After SIGINT, SIGTERM or SIGHUP, work acquires nothing more, and programs may
        finish. After --grace, or on a second signal at least a second later, remaining
        programs get SIGTERM, then SIGKILL (after two fifths of --grace, 0.5 s to 2 s), and
        their batches are released. Prefetched batches are released at once. A program that
        dies of such a signal together with this process, or then exits with 75, has not
        failed: its batch is released, and no failure is counted. Signals within one second
        count as one.

        With --execution at-most-once, the inventory records the beginning of work right
        before CMD starts. CMD never starts again for that batch, whatever its exit status:
        a batch that has not succeeded fails for good, and only 'tranche retry --may-repeat'
        offers it again. Batches that have not begun, such as prefetched ones, are offered
        as usual.

        With --dry-run, CMD does not start: the next batch is shown as CMD would get it, and
        nothing is acquired or written. A new batch has the number 0 there. Exit: 3 if there
        is no next batch; if nothing can be handed out, 5 or 75 as without it.

        If standard error is closed, work continues in silence.

        Exit: 0 complete; 1 complete with failed, stuck or quarantined batches; 5 cancelled,
        also with --follow; 75 held, paused, or a transaction that may still commit ids
        stays open; after a signal 0 if it finished all its batches, otherwise 130;
        --exit-when-idle if it was complete before and this process had nothing to do.

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
        try Self.require(prefetch, goesWith: job.request)
        grace = try Grace(arguments)
        timeout = try Self.bound("timeout", arguments)
        idleBound = try Self.bound("idle", arguments)
        idle = try ProgramStatus.whenIdle(arguments) ?? .done
        follows = arguments.has("follow")
        if follows, arguments.has("drain") {
            throw UsageError("--drain and --follow exclude each other")
        }
        isDryRun = arguments.has("dry-run")
        if isDryRun, follows {
            throw UsageError("--dry-run and --follow exclude each other: it shows one batch")
        }
        do {
            parameters = try WorkflowParameters(texts: arguments.texts("param"))
        } catch {
            throw UsageError("--param \(error)")
        }
        program = arguments.program
        input = try InputOptions(arguments)
        lineage = try LineageOptions(arguments)
    }

    private static func require(_ prefetch: Int, goesWith request: BatchRequest) throws {
        guard prefetch == 0 || request.targetTime == nil else {
            throw UsageError(
                "--prefetch does not go with --target-time: a batch that is held ahead takes longer"
            )
        }
    }

    /// A bound of time; `nil` where none is given.
    static func bound(_ name: String, _ arguments: Arguments) throws -> Duration? {
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
        if isDryRun { return try await showNext(context, check) }
        let guardian = try ProcessGuard()
        let lineage = try lineage.lineage(context, grace: grace)
        return try await context.withInventory(
            worker: job.worker,
            waiting: true,
            emitting: lineage
        ) { inventory in
            let completed = try await job.completed(context, in: inventory)
            try Self.require(prefetch, goesWith: completed.request)
            if !completed.isBoundedByTime { try check(completed.request) }
            try await completed.requireMeantRun(in: inventory)
            let source = try completed.source(context.settings)
            let opened = try await completed.blamingOptions {
                let opened = try await completed.open(
                    source,
                    in: inventory,
                    context,
                    waiting: true
                )
                try input.check(opened)
                return opened
            }
            guard
                let job = try await completed.timed(context, opened, from: source, in: inventory)
            else { return idle }
            // Up to here nothing is held, and a signal ends the wait for a server that is away.
            let signals = context.signals()
            let definition = opened.definition
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
                lineage: lineage,
                way: input.way,
                room: { progress.waitForRoom() }
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
                await progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                let named = (error as? TrancheError)?.naming(job: key.job)
                throw named?.naming(delimiterOf: opened) ?? error
            }
            await progress.finish(
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
            let words = (troubles + cancelled(of: summary)).joined(separator: ", and ")
            if !words.isEmpty {
                let words = "\(key) is complete, but \(words)"
                try context.note(words, troubles.isEmpty ? .warning : .error)
            }
            if troubles.isEmpty { return tally.isEmpty ? idle : .done }
            return .failed
        case .unsettled:
            try await noteWriters(of: key, source, inventory, context)
            return .tryAgain
        case .waiting, .paused, .held, .heldBack, .limited, .superseded:
            try context.note("\(key): \(reason?.description ?? "")", .warning)
            return .tryAgain
        case .stuck:
            let summary = try await inventory.summaries(RunSelection(key)).first
            let troubles = (failures(of: summary) + cancelled(of: summary))
                .joined(separator: ", and ")
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
        ].compactMap { $0 }
    }

    /// What is to be said of batches that were cancelled, which are no failure.
    private func cancelled(of summary: RunSummary?) -> [String] {
        summary.flatMap { [$0].cancelledWords }.map { [$0] } ?? []
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
