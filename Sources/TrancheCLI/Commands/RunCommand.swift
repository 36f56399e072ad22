import Tranche
import TrancheConnectors
import TrancheOrchestrator
import TrancheWorkflows

/// Runs the inputs, processes and links of a pipeline's file.
struct RunCommand: Command {
    static let description = CommandDescription(
        name: "run",
        summary: "Run the inputs, processes and links that a file describes",
        isUsual: true,
        examples: ["tranche run pipeline.yaml"],
        operands: [PipelineFile.operand],
        groups: [
            .init(
                title: "Running",
                options: [
                    .init(
                        "drain",
                        nil,
                        "process the events that exist now, and end",
                        isUsual: true
                    ),
                    .init(
                        "apply",
                        nil,
                        "apply FILE first, as 'tranche apply' does",
                        isUsual: true
                    ),
                    Grace.option(of: "processes"),
                    LogFormat.option,
                    .init(
                        "worker",
                        "NAME",
                        "worker name recorded with each batch (TRANCHE_WORKER; default: "
                            + "host and process)"
                    ),
                ] + LineageOptions.options
            )
        ],
        notes: PipelineFile.notes + """
            Each link is a job, named INPUT/PROCESS, over the log of the input's events in the
            inventory: status, batches, history, logs and retry work on it as on any job. Any
            number of processes may run the same FILE; one of them processes each event.

            An input or link that fails is restarted; the others continue. With --drain the exit
            status is 1 if a batch failed, 75 if a link or job is held or paused, 5 if one was
            cancelled. With --json each attempt that ends is a line on standard output.

            Containers that lost workers left behind are removed at the start and once a minute,
            as 'tranche reap' does.

            run executes the file applied under the pipeline's name: 'name' in FILE, or FILE
            without its suffix. The first run of a name applies FILE. Later, a FILE that differs
            from the applied one is refused, with the difference, until 'tranche apply' or
            --apply. When another file is applied, running processes finish their batches and
            end within seconds. Exit: 6 if FILE is not, or no longer, the applied one.

            """,
        brief: PipelineFile.brief + """
            Each link is a job, named INPUT/PROCESS: status, batches, history, logs and retry
            work on it. Any number of processes may run the same FILE.

            """
    )

    var handlesSignals: Bool { true }

    private let file: PipelineFile
    private let drains: Bool
    /// As the command line says it; `nil` where the file does.
    private let asked: Grace?
    private let worker: String?
    private let applies: Bool
    private let lineage: LineageOptions

    init(_ arguments: Arguments) throws {
        file = try PipelineFile(arguments)
        drains = arguments.has("drain")
        asked = arguments.has("grace") ? try Grace(arguments) : nil
        worker = arguments.text("worker")
        applies = arguments.has("apply")
        lineage = try LineageOptions(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let bytes = try file.read()
        let looked = try PipelineFile.refusing { try file.checked(context, of: bytes) }
        let context = try context.using(looked, in: file)
        let grace = asked ?? Grace(length: looked.configuration.grace)
        let lineage = try lineage.lineage(context, grace: grace, in: looked.lineage)
        return try await context.withInventory(
            worker: worker,
            waiting: true,
            emitting: lineage
        ) { inventory in
            let progress = Progress(context, clock: inventory.configuration.clock)
            let stop = StopSource()
            let ends = BatchEndLines(context, stop)
            var programs = try programs(context, grace, stop, progress, inventory)
            programs.lineage = lineage
            let orchestrator = try orchestrator(bytes, on: inventory, programs, ends, context)
            let record = try await ApplyingRun(file: file, applies: applies)
                .record(of: looked, inventory, context) { try await orchestrator.check() }
            let drains = drains
            let start = ContinuousClock.now
            let newer: PipelineRecord?
            do {
                newer = try await stop.whileWatching(
                    context.signals(),
                    grace: grace,
                    clock: inventory.configuration.clock,
                    progress,
                    estimate: {},
                    {
                        try await Self.run(orchestrator, of: record, drains: drains, progress)
                    }
                )
            } catch {
                await progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                throw error
            }
            await progress.finish(elapsed: ContinuousClock.now - start, isOver: drains)
            try ends.check()
            if let newer { throw SupersededError(record, by: newer) }
            if stop.stage >= .stopping { return drains ? .interrupted : .done }
            let parts = orchestrator.status
            let held = try tellHeld(drains ? parts.links + parts.jobs : [], context)
            if drains { try await tellYoung(in: looked, inventory, context) }
            let status = try await tellFailures(of: looked, inventory, context)
            return status == .done ? held : status
        }
    }

    /// Makes what runs the file's programs.
    private func programs(
        _ context: Context,
        _ grace: Grace,
        _ stop: StopSource,
        _ progress: Progress,
        _ inventory: Inventory
    ) throws -> PipelinePrograms {
        PipelinePrograms(
            guardian: try ProcessGuard(),
            stop: stop,
            grace: grace,
            clock: inventory.configuration.clock,
            progress: progress,
            environment: context.environment
        )
    }

    /// Makes what runs the file.
    private func orchestrator(
        _ bytes: [UInt8],
        on inventory: Inventory,
        _ programs: PipelinePrograms,
        _ ends: BatchEndLines,
        _ context: Context
    ) throws -> Orchestrator {
        let pipeline = try PipelineFile.refusing {
            try file.pipeline(of: bytes, { programs.process($0) }, context, programs.workflows)
        }
        try programs.check(pipeline)
        let progress = programs.progress
        var means = PipelineMeans(connectors: .ofProgram, context: try context.settings.connecting)
        means.program = { try programs.handler($0, $1) }
        means.alertProgram = { try await programs.alert($0, $1) }
        means.onBatch = { job, report in
            progress.show(report, of: job)
            ends.write(report)
        }
        means.watcher = progress
        let told = Told()
        let onSource = { @Sendable (source: any MetaSource) in
            for words in source.cautions {
                let note = "note: '\(source.definition.table)': \(FieldWords.text(words))"
                if told.isNew(note) { progress.update(note, isAlwaysShown: true) }
            }
        }
        means.onSource = onSource
        let credentials = try context.settings.connecting.credentials
        return try pipeline.orchestrator(on: inventory, stop: programs.stop, with: means) {
            $0.grace = programs.grace.length
            $0.credentials = credentials
            $0.onBatch = { job, report in
                progress.show(report, of: job.name)
                ends.write(report)
            }
            $0.watcher = progress
            $0.onSource = onSource
            $0.onTrouble = { job, batch, words in
                progress.update(
                    "\(job): batch \(batch.id): \(redacted(words))",
                    colour: .yellow,
                    isAlwaysShown: true,
                    about: batch
                )
            }
        }
    }

    /// Tells which links and jobs ended before they had done all.
    private func tellHeld(
        _ parts: [OrchestratorStatus.Part],
        _ context: Context
    ) throws -> ProgramStatus {
        var status = ProgramStatus.done
        for part in parts {
            guard let reason = part.reason, reason != .complete else { continue }
            try context.note("\(part.name): \(reason)", .warning)
            if case .cancelled = reason {
                if status == .done { status = .cancelled }
            } else {
                status = .tryAgain
            }
        }
        return status
    }

    /// Tells which events a drain has left, as they are younger than their link's `within`.
    private func tellYoung(
        in pipeline: Pipeline,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        for job in try pipeline.graph.jobs where (job.link.coalesce ?? .zero) > .zero {
            let reading = try await StatusReading(RunSelection(job: job.name), inventory, context)
            let count = reading.overview.runs.reduce(0) { $0 + ($1.backlog?.items ?? 0) }
            guard count > 0 else { continue }
            let waits = count == 1 ? "1 event waits" : "\(HumanText.number(count)) events wait"
            try context.note(
                "\(job.name): \(waits) for its 'within' to pass; a later run works on what is left"
            )
        }
    }

    /// Reports the links with batches that failed for good, whichever process saw them fail.
    private func tellFailures(
        of pipeline: Pipeline,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        var status = ProgramStatus.done
        // A job may have a backfill beside it.
        var known: Set<String> = []
        let jobs = try pipeline.graph.jobs.map(\.name) + pipeline.jobs.map(\.job)
        for name in jobs where known.insert(name).inserted {
            for summary in try await inventory.summaries(RunSelection(job: name)) {
                let run = summary.run.key.run
                let (words, option) = run.isEmpty ? ("", "") : (" (\(run))", " --run \(run)")
                if let cancelled = [summary].cancelledWords {
                    try context.note("\(name)\(words): \(cancelled)", .warning)
                }
                let count = summary.failedBatches
                guard count > 0 else { continue }
                status = .failed
                try context.note(
                    "\(HumanText.count(count, "batch", "batches")) of \(name)\(words) failed; "
                        + "'tranche batches --job \(name)\(option)' lists them, 'tranche retry' or "
                        + "'redrive' offers them again",
                    .error
                )
            }
        }
        return status
    }

    /// Runs it, until it ends or another one is applied.
    ///
    /// - Returns: The other one; `nil` where it ended by itself or by a signal.
    private static func run(
        _ orchestrator: Orchestrator,
        of record: PipelineRecord,
        drains: Bool,
        _ progress: Progress
    ) async throws -> PipelineRecord? {
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                // How a batch ended is told as of any.
                for await error in orchestrator.errors where error.batch == nil {
                    progress.update("\(redacted("\(error)"))", isAlwaysShown: true)
                }
                return .told
            }
            group.addTask {
                let applied = AppliedPipelines(orchestrator.inventory)
                let newer: PipelineRecord
                do {
                    newer = try await applied.successor(of: record)
                } catch is CancellationError {
                    return .told
                }
                progress.update(
                    "\(SupersededError(record, by: newer)); finishing what runs",
                    isAlwaysShown: true
                )
                orchestrator.stop.advance(to: .stopping)
                return .superseded(newer)
            }
            group.addTask {
                await orchestrator.reap { progress.update(redacted($0), isAlwaysShown: true) }
                return .told
            }
            group.addTask {
                try await drains ? orchestrator.drain() : orchestrator.run()
                return .ran
            }
            var newer: PipelineRecord?
            while let end = try await group.next() {
                if case .superseded(let record) = end { newer = record }
                // The others end with it.
                if case .ran = end { group.cancelAll() }
            }
            return newer
        }
    }

    /// What ends while a pipeline runs.
    private enum End: Sendable {
        case told, ran
        case superseded(PipelineRecord)
    }
}
