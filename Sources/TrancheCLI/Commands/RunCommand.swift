import Tranche
import TrancheConnectors
import TrancheOrchestrator

/// Runs the inputs, processes and links of a pipeline's file.
struct RunCommand: Command {
    static let description = CommandDescription(
        name: "run",
        summary: "Run the inputs, processes and links that a file describes",
        operands: [PipelineFile.operand],
        groups: [
            .init(
                title: "Running",
                options: [
                    .init("drain", nil, "work on what there is now, and end"),
                    Grace.option(of: "processes"),
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
            status is 1 where a batch failed.

            """
    )

    var handlesSignals: Bool { true }

    private let file: PipelineFile
    private let drains: Bool
    /// As the command line says it; `nil` where the file does.
    private let asked: Grace?
    private let worker: String?

    init(_ arguments: Arguments) throws {
        file = try PipelineFile(arguments)
        drains = arguments.has("drain")
        asked = arguments.has("grace") ? try Grace(arguments) : nil
        worker = arguments.text("worker")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: worker) { inventory in
            let progress = Progress(
                context.errors,
                style: Style(context.errors, environment: context.environment),
                weighsBytes: false,
                hasWeights: false
            )
            let stop = StopSource()
            let written = try PipelineFile.refusing { try file.checked(context) }
            let grace = asked ?? Grace(length: written.configuration.grace)
            let programs = try programs(on: inventory, stop, grace, progress, context)
            let pipeline = try PipelineFile.refusing { try file.pipeline(programs, context) }
            let orchestrator = try pipeline.orchestrator(on: inventory, stop: stop) {
                $0.grace = grace.length
                $0.onBatch = { job, report in progress.note(report, of: job) }
            }
            let start = ContinuousClock.now
            let drains = drains
            do {
                try await stop.whileWatching(
                    context.signals(),
                    grace: grace,
                    clock: inventory.configuration.clock,
                    progress,
                    estimate: {},
                    { try await Self.run(orchestrator, drains: drains, progress) }
                )
            } catch {
                progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                throw error
            }
            progress.finish(elapsed: ContinuousClock.now - start, isOver: drains)
            if stop.stage >= .stopping { return drains ? .interrupted : .done }
            return try await tellFailures(of: pipeline, inventory, context)
        }
    }

    /// Tells which links have batches that failed for good, whoever saw them fail.
    private func tellFailures(
        of pipeline: Pipeline,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        var status = ProgramStatus.done
        for job in try pipeline.graph.jobs {
            for summary in try await inventory.summaries(RunSelection(job: job.name)) {
                let failed = summary.totals[.failed]?.batches ?? 0
                let count =
                    failed - summary.retrying.batches
                    + (summary.totals[.quarantined]?.batches ?? 0)
                guard count > 0 else { continue }
                status = .failed
                try context.note(
                    "\(HumanText.count(count, "batch", "batches")) of \(job.name) failed; 'tranche "
                        + "batches --job \(job.name)' lists them, 'tranche retry' or 'redrive' "
                        + "offers them again"
                )
            }
        }
        return status
    }

    private static func run(
        _ orchestrator: Orchestrator,
        drains: Bool,
        _ progress: Progress
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // How a batch ended is told as of any.
                for await error in orchestrator.errors where error.batch == nil {
                    progress.update("\(redacted("\(error)"))", isAlwaysShown: true)
                }
            }
            if drains {
                try await orchestrator.drain()
            } else {
                try await orchestrator.run()
            }
            try await group.waitForAll()
        }
    }

    /// Makes the processes that run programs.
    private func programs(
        on inventory: Inventory,
        _ stop: StopSource,
        _ grace: Grace,
        _ progress: Progress,
        _ context: Context
    ) throws -> PipelineTypes.ProcessMaker {
        let guardian = try ProcessGuard()
        return { settings in
            guard let words = ProgramProcess.command(of: settings) else { return nil }
            let path: String
            do {
                path = try ProgramFinder(environment: context.environment).path(of: words[0])
            } catch {
                settings.fault("\(error)", key: "command")
                return nil
            }
            let program = BatchProgram(
                path: path,
                arguments: words,
                environment: context.environment,
                guardian: guardian,
                stop: stop,
                grace: grace,
                clock: inventory.configuration.clock,
                copy: { progress.copy($0) }
            )
            let handler = ProgramHandler(program: program, progress: progress, report: { _ in })
            return ProgramProcess(name: settings.name, handler: handler)
        }
    }
}

extension Progress {
    /// Says how a batch of a link ended.
    fileprivate func note(_ report: BatchReport, of job: LinkJob) {
        let (batch, end) = (report.batch, report.end)
        let size = tally.words(items: batch.count, weight: batch.weight)
        var line = "\(job.name): batch \(batch.id) \(end.words): \(size), \(report.elapsed.words)"
        if let remark = end.error ?? end.note { line += ": \(redacted(remark))" }
        update(line, colour: end.colour, isAlwaysShown: end.colour != nil) { tally in
            tally.note(end, batch.id, items: batch.count, weight: batch.weight)
        }
    }
}
