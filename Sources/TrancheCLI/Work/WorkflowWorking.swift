import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheWorkflows

/// Works on a workflow in this process, until it ends or a signal does.
struct WorkflowWorking: Sendable {
    /// The name given with `--worker`.
    let worker: String?
    private let grace: Grace
    private let follows: Bool
    private let lineage: LineageOptions

    init(_ arguments: Arguments) throws {
        worker = arguments.text("worker")
        grace = try Grace(arguments)
        follows = arguments.has("follow")
        lineage = try LineageOptions(arguments)
    }

    /// What tells elsewhere of the work.
    func lineage(_ context: Context) throws -> Lineage? {
        try lineage.lineage(context, grace: grace)
    }

    /// Works on a workflow, and says how that ended.
    func work(
        on handle: WorkflowHandle,
        _ workflows: Workflows,
        emitting lineage: Lineage?,
        _ context: Context
    ) async throws -> ProgramStatus {
        let signals = context.signals()
        let workflow = try handle.description
        let inventory = workflows.inventory
        let definition = try await inventory.run(RunSelection(handle.key)).source
        let progress = Progress(
            context,
            weighsBytes: definition?.weighsBytes ?? false,
            hasWeights: definition?.weight != nil,
            clock: inventory.configuration.clock
        )
        let guardian = try ProcessGuard()
        let stop = StopSource()
        var options = WorkflowOptions(end: follows ? .never : .whenComplete)
        options.stop = stop
        options.grace = grace.length
        options.onNotice = { progress.update($0, isAlwaysShown: true) }
        options.onSource = { source in
            for words in source.cautions {
                progress.update("note: \(FieldWords.text(words))", isAlwaysShown: true)
            }
        }
        options.watcher = progress
        let environment = context.environment
        let clock = inventory.configuration.clock
        options.run(programs: environment, guardian, stop, grace, clock, progress, lineage)
        if case .records = workflow.work {
            options.onBatch = { progress.note($0) }
            options.onGivenBack = { progress.gaveBack($0) }
        }
        let start = ContinuousClock.now
        let asked = options
        do {
            let result = try await stop.whileWatching(
                signals,
                grace: grace,
                clock: inventory.configuration.clock,
                progress,
                estimate: {},
                { try await workflows.work(on: handle, asked) }
            )
            await progress.finish(elapsed: ContinuousClock.now - start, isOver: true)
            let isUnfinished = !progress.tally.unfinished.isEmpty
            return try WorkflowText.tell(result, isUnfinished: isUnfinished, context)
        } catch {
            await progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
            throw error
        }
    }
}

extension WorkflowOptions {
    /// Has workflows run programs, which find the parameters in their environment.
    mutating func run(
        programs environment: [String: String],
        _ guardian: ProcessGuard,
        _ stop: StopSource,
        _ grace: Grace,
        _ clock: any Clock<Duration>,
        _ progress: Progress,
        _ lineage: Lineage?
    ) {
        program = { words, workflow in
            let variables = try WorkflowParameters(workflow.parameters).environment
            let program = BatchProgram(
                path: try ProgramFinder(environment: environment).path(of: words[0]),
                arguments: words,
                environment: environment.merging(variables) { _, own in own },
                guardian: guardian,
                stop: stop,
                grace: grace,
                clock: clock,
                copy: { progress.copy($0, of: $1, $2) },
                lineage: lineage,
                room: { progress.waitForRoom() }
            )
            return ProgramHandler(program: program, progress: progress, report: { _ in })
        }
    }
}

extension Progress {
    /// Says how a batch of records ended.
    fileprivate func note(_ report: BatchReport) {
        let (batch, end) = (report.batch, report.end)
        let size = tally.words(items: batch.count, weight: batch.weight)
        let words = end.failure.map { "failed: \(redacted($0.message))" } ?? end.status
        update(
            "batch \(batch.id) at \(batch.record.idStart): \(size) \(words)",
            colour: end.failure == nil ? nil : .red,
            isAlwaysShown: end.failure != nil,
            about: batch.record
        ) { tally in
            tally.note(end, batch.id, items: batch.count, weight: batch.weight)
        }
    }
}
