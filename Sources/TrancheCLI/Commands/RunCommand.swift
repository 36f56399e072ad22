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
            let programs = try programs(on: inventory, stop, progress, context)
            var pipeline = try PipelineFile.refusing { try file.pipeline(programs, context) }
            let grace = asked ?? Grace(length: pipeline.configuration.grace)
            pipeline.processes = pipeline.processes.map { process in
                guard var program = process as? ProgramProcess else { return process }
                program.handler.program.grace = grace
                return program
            }
            let orchestrator = try pipeline.orchestrator(on: inventory, stop: stop) {
                $0.grace = grace.length
                $0.onBatch = { job, report in progress.show(report, of: job.name) }
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
            return try await tellFailures(of: orchestrator.graph, inventory, context)
        }
    }

    /// Tells which links have batches that failed for good, whoever saw them fail.
    private func tellFailures(
        of graph: PipelineGraph,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        var status = ProgramStatus.done
        for job in graph.jobs {
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
        _ progress: Progress,
        _ context: Context
    ) throws -> PipelineTypes.ProcessMaker {
        let guardian = try ProcessGuard()
        return { settings in
            guard let words = settings.requiredTexts("command") else { return nil }
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
                grace: .default,
                clock: inventory.configuration.clock,
                copy: { progress.copy($0) }
            )
            let handler = ProgramHandler(program: program, progress: progress, report: { _ in })
            return ProgramProcess(name: settings.name, handler: handler)
        }
    }
}
