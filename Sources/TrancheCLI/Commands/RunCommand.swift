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
                    .init("drain", nil, "work on what there is now, and end", isUsual: true),
                    .init(
                        "apply",
                        nil,
                        "apply the file first, as 'tranche apply' does",
                        isUsual: true
                    ),
                    Grace.option(of: "processes"),
                    LogFormat.option,
                    .init(
                        "worker",
                        "NAME",
                        "who asks (TRANCHE_WORKER); host and process by default"
                    ),
                ]
            )
        ],
        notes: PipelineFile.notes + """
            Each link is a job, named INPUT/PROCESS, over the log of the input's events in the
            inventory: status, batches, history, logs and retry show and take it as any. Any
            number of these may run the same FILE: each event is worked on by one of them.

            An input or a link that fails is started again; the others go on. With --drain the
            status is 1 where a batch failed, 75 where a link is held or paused, 5 where one was
            cancelled.

            What runs is what is applied under the pipeline's name, 'name' in FILE or else FILE's
            stem. The first FILE of a name is applied by its first run; one that differs from what is
            applied is refused with what differs, until 'tranche apply', or --apply. Who
            runs ends within seconds where another one is applied, after what it has in hand.
            Exit: 6 where FILE is not what is applied, or is that no longer.

            """,
        brief: PipelineFile.brief + """
            Each link is a job, named INPUT/PROCESS: status, batches, history, logs and retry
            show and take it as any. Any number of these may run the same FILE.

            """
    )

    var handlesSignals: Bool { true }

    private let file: PipelineFile
    private let drains: Bool
    /// As the command line says it; `nil` where the file does.
    private let asked: Grace?
    private let worker: String?
    private let applies: Bool

    init(_ arguments: Arguments) throws {
        file = try PipelineFile(arguments)
        drains = arguments.has("drain")
        asked = arguments.has("grace") ? try Grace(arguments) : nil
        worker = arguments.text("worker")
        applies = arguments.has("apply")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let bytes = try file.read()
        let looked = try PipelineFile.refusing { try file.checked(context, of: bytes) }
        let context = try context.using(looked, in: file)
        let grace = asked ?? Grace(length: looked.configuration.grace)
        return try await context.withInventory(worker: worker) { inventory in
            let progress = Progress(context, clock: inventory.configuration.clock)
            let stop = StopSource()
            let programs = PipelinePrograms(
                guardian: try ProcessGuard(),
                stop: stop,
                grace: grace,
                clock: inventory.configuration.clock,
                progress: progress,
                environment: context.environment
            )
            let orchestrator = try orchestrator(bytes, on: inventory, programs, context)
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
                progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                throw error
            }
            progress.finish(elapsed: ContinuousClock.now - start, isOver: drains)
            if let newer { throw SupersededError(record, by: newer) }
            if stop.stage >= .stopping { return drains ? .interrupted : .done }
            let ends = drains ? orchestrator.status.links : []
            let held = try tellHeld(ends, context)
            let status = try await tellFailures(of: looked, inventory, context)
            return status == .done ? held : status
        }
    }

    /// Makes what runs the file.
    private func orchestrator(
        _ bytes: [UInt8],
        on inventory: Inventory,
        _ programs: PipelinePrograms,
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
        means.onBatch = { progress.show($1, of: $0) }
        means.watcher = progress
        let credentials = try context.settings.connecting.credentials
        return try pipeline.orchestrator(on: inventory, stop: programs.stop, with: means) {
            $0.grace = programs.grace.length
            $0.credentials = credentials
            $0.onBatch = { job, report in progress.show(report, of: job.name) }
            $0.watcher = progress
        }
    }

    /// Tells which links ended before they had done all.
    private func tellHeld(
        _ links: [OrchestratorStatus.Part],
        _ context: Context
    ) throws -> ProgramStatus {
        var status = ProgramStatus.done
        for link in links {
            guard let reason = link.reason, reason != .complete else { continue }
            try context.note("\(link.name): \(reason)", .warning)
            if case .cancelled = reason {
                if status == .done { status = .cancelled }
            } else {
                status = .tryAgain
            }
        }
        return status
    }

    /// Tells which links have batches that failed for good, whoever saw them fail.
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
                let failed = summary.totals[.failed]?.batches ?? 0
                let count =
                    failed - summary.retrying.batches
                    + (summary.totals[.quarantined]?.batches ?? 0)
                guard count > 0 else { continue }
                status = .failed
                let run = summary.run.key.run
                let (words, option) = run.isEmpty ? ("", "") : (" (\(run))", " --run \(run)")
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
