import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheWorkflows

/// Begins, watches and steers workflows.
struct WorkflowCommand: Command {
    static let description = CommandDescription(
        name: "workflow",
        summary: "Start a run that a file describes; watch and control it from anywhere",
        examples: [
            "tranche workflow start nightly.json --work",
            "tranche workflow show --job nightly",
        ],
        operands: [
            .init(
                name: Action.words,
                help: "start stores the description and begins the run; work processes its "
                    + "batches",
                choices: Action.allCases.map(\.rawValue)
            ),
            .init(name: "FILE", help: "with start: the workflow, as JSON", isOptional: true),
        ],
        groups: [
            .init(
                title: "Beginning (with start)",
                options: [
                    .init(
                        "param",
                        "NAME=VALUE",
                        "parameter of the workflow",
                        isRepeatable: true,
                        isUsual: true
                    ),
                    .init("work", nil, "also process batches here", isUsual: true),
                    .init("dry-run", nil, "check the workflow, and start nothing"),
                ]
            ),
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Working (with work, and start --work)",
                options: [
                    .init("follow", nil, "never end; wait for new items", isUsual: true),
                    Grace.option(of: "batches"),
                    LogFormat.option,
                    .init(
                        "worker",
                        "NAME",
                        "worker name recorded with each batch (TRANCHE_WORKER; default: "
                            + "host and process)"
                    ),
                ] + LineageOptions.options
            ),
            .init(
                title: "Control",
                options: [
                    .init("reason", "TEXT", "reason; with start, pause, resume and cancel"),
                    .init(
                        "to",
                        "PLACE",
                        "with snapshot: a folder, s3://… or gs://…, or a sink such as "
                            + "table:NAME (default: standard output)",
                        isUsual: true
                    ),
                ]
            ),
        ],
        notes: """
            start checks the file, stores it in the inventory, and hands out no batch yet. A
            different description of the same run is a new generation: workers of the one before
            end, and their batches end under the description that they began with. work joins as
            one more process, on any machine that reaches inventory, source and sink.

            A program reads its parameters as TRANCHE_PARAM_NAME. The worker name that an
            attempt records ends with '@' and the beginning of the description's digest.

            result waits until the run is complete or cancelled, whichever process works on it.
            It needs the source, but not the sink. If it cannot open the source of a run without
            an upper bound, it fails, since it would wait forever.

            Paths in FILE are stored as absolute paths, relative to the folder in which you
            start it.

            Exit: 0 complete, 1 complete with failed or quarantined batches, 5 cancelled, 75
            paused, held or superseded, 130 stopped by a signal.

            """,
        brief: """
            start stores the description and begins the run; work joins as one more process, on
            any machine. show, pause, resume and cancel control it from anywhere.

            """
    )

    /// What works ends its batches first; all else is cut short.
    var handlesSignals: Bool { works }

    enum Action: String, CaseIterable {
        case start, list, show, work, result, snapshot, pause, resume, cancel

        static let words = allCases.map(\.rawValue).joined(separator: "|")
    }

    let action: Action
    private let file: String?
    private let parameters: WorkflowParameters
    private let selection: RunOptions
    let working: WorkflowWorking
    private let works: Bool
    private let isDryRun: Bool
    private let reason: String?
    private let place: String?

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
        file = action == .start ? try arguments.operand(1, "FILE") : nil
        guard action == .start || arguments.operands.count == 1 else {
            throw UsageError("a FILE goes with 'workflow start'")
        }
        for (option, actions) in [
            ("param", [Action.start]), ("work", [.start]), ("dry-run", [.start]),
            ("reason", [.start, .pause, .resume, .cancel]), ("to", [.snapshot]),
        ] where arguments.has(option) && !actions.contains(action) {
            throw UsageError("--\(option) goes with 'workflow \(actions[0].rawValue)'")
        }
        do {
            parameters = try WorkflowParameters(texts: arguments.texts("param"))
        } catch {
            throw UsageError("--param \(error)")
        }
        selection = try RunOptions(arguments)
        guard action != .start || selection.selection == RunSelection() else {
            throw UsageError("job, run and source are said in the workflow's FILE")
        }
        guard [.start, .list].contains(action) || selection.selection.job != nil else {
            throw UsageError("--job is missing")
        }
        works = action == .work || arguments.has("work")
        isDryRun = arguments.has("dry-run")
        guard !works || !isDryRun else {
            throw UsageError("--work and --dry-run exclude each other")
        }
        let ofWorking = ["follow", "grace", "worker"] + LineageOptions.options.map(\.name)
        for option in ofWorking where arguments.has(option) && !works {
            throw UsageError("--\(option) goes with 'workflow work' and --work")
        }
        working = try WorkflowWorking(arguments)
        reason = arguments.text("reason")
        place = arguments.text("to")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let worker = works ? working.worker : context.person
        let lineage = works ? try working.lineage(context) : nil
        return try await context.withInventory(
            worker: worker,
            waiting: works,
            emitting: lineage
        ) { inventory in
            var connecting = try context.settings.connecting
            connecting.note = { words in
                // Nobody is left to tell when standard error is gone; the work goes on.
                try? context.note(words)
            }
            let workflows = Workflows(inventory, .ofProgram, connecting)
            switch action {
            case .start: return try await start(workflows, emitting: lineage, context)
            case .list: return try await list(workflows, context)
            case .work:
                let handle = try await find(workflows)
                return try await working.work(on: handle, workflows, emitting: lineage, context)
            default: return try await act(on: try await find(workflows), workflows, context)
            }
        }
    }

    private func start(
        _ workflows: Workflows,
        emitting lineage: Lineage?,
        _ context: Context
    ) async throws -> ProgramStatus {
        let file = file ?? ""
        let handle: WorkflowHandle
        do {
            let workflow = try Workflow(contentsOf: file).with(parameters: parameters.values)
            if isDryRun {
                let checked = try await workflows.checkStart(workflow)
                try context.write(RawJSON(checked.text)) {
                    "\(file): job '\(checked.job)', digest \(try checked.digest.prefix(12)); "
                        + "it can be begun"
                }
                return .done
            }
            handle = try await workflows.start(workflow, reason: reason)
        } catch let error as SpecError {
            throw UsageError("\(file): \(error)")
        }
        if works {
            return try await working.work(on: handle, workflows, emitting: lineage, context)
        }
        try context.write(WorkflowDocument(handle)) { WorkflowText.begun(handle) }
        return .done
    }

    private func list(_ workflows: Workflows, _ context: Context) async throws -> ProgramStatus {
        let handles = try await workflows.list(selection.find(in: workflows.inventory))
        try context.write(WorkflowsDocument(handles)) { WorkflowText.list(handles, context) }
        if handles.isEmpty { try context.note("there is no workflow yet") }
        return .done
    }

    private func find(_ workflows: Workflows) async throws -> WorkflowHandle {
        let asked = try await selection.find(in: workflows.inventory)
        return try await workflows.find(
            job: asked.job ?? "",
            run: asked.run ?? "",
            metaTable: asked.metaTable
        )
    }

    private func act(
        on handle: WorkflowHandle,
        _ workflows: Workflows,
        _ context: Context
    ) async throws -> ProgramStatus {
        switch action {
        case .result: return try WorkflowText.tell(try await handle.result(), context)
        case .snapshot: try await snapshot(handle, workflows, context)
        case .pause:
            try await handle.pause(reason: reason ?? "")
            try context.write(PauseDocument(reason ?? "", of: handle.key)) {
                "\(handle.key) is paused"
            }
        case .resume:
            try await handle.resume(reason: reason)
            try context.write(PauseDocument(nil, of: handle.key)) { "\(handle.key) goes on" }
        case .cancel:
            let batches = try await handle.cancel(reason: reason)
            try context.write(CancelDocument(batches, of: handle.key)) {
                "\(handle.key) is cancelled"
            }
        case .start, .list, .show, .work:
            let progress = try await handle.progress()
            try context.write(progress) { WorkflowText.words(progress) }
        }
        return .done
    }

    private func snapshot(
        _ handle: WorkflowHandle,
        _ workflows: Workflows,
        _ context: Context
    ) async throws {
        let snapshot = try await handle.snapshot()
        guard let place else {
            return try context.output.writeLine(try snapshot.documentText())
        }
        do {
            let kept = try await workflows.keep(snapshot, at: place)
            try context.write(snapshot) { kept }
        } catch let error as SpecError {
            throw UsageError("--to: \(error)")
        }
    }
}
