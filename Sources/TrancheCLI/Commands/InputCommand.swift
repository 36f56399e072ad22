import Tranche
import TrancheOrchestrator

/// Lists the logs of inputs, and what is still needed of them.
struct InputCommand: Command {
    static let description = CommandDescription(
        name: "input",
        summary: "List the logs of inputs; record changes of PostgreSQL tables; run a schedule now",
        examples: [
            "tranche input status pipeline.yaml orders",
            "tranche input run nightly --at 2026-11-29T02:00:00Z",
        ],
        operands: [
            .init(name: Action.words, help: "the action", choices: Action.allCases.map(\.rawValue)),
            .init(
                name: "NAME",
                help: "with show and run: the input; with list: nothing; otherwise: the FILE of "
                    + "a pipeline",
                isOptional: true
            ),
            .init(name: "INPUT", help: "the input of FILE", isOptional: true),
            .init(
                name: "READER",
                help: "with forget: the inventory that no longer reads the input",
                isOptional: true
            ),
        ],
        groups: [
            .init(
                title: "With run",
                options: [
                    .init(
                        "at",
                        "TIME",
                        "the time of the schedule that was missed, such as "
                            + "2026-11-29T02:00:00+01:00 (default: now)",
                        isUsual: true,
                        brief: "a time of the schedule that was missed (default: now)"
                    ),
                    .init(
                        "pipeline",
                        "FILE",
                        "the pipeline's file (default: the applied pipeline that has the input)"
                    ),
                    .init("reason", "TEXT", "reason, kept in the event"),
                ]
            ),
            .init(
                title: "With run and remove",
                options: [
                    .init(
                        "dry-run",
                        nil,
                        "show the event, or what would be removed, and change nothing"
                    ),
                    .init("yes", nil, "with remove: do not ask for confirmation"),
                ]
            ),
        ],
        notes: """
            add installs the recording of changes in a PostgreSQL database, for the tables of an
            input of type postgresql: triggers on each table and partition, and a log in the
            schema tranche. Run it again to update them. status shows which tables are recorded,
            which inventories read the log, and which changes it cannot see. The tables of an
            inventory are never recorded. The log keeps entries until every inventory has read
            them; forget drops an inventory that no longer exists.

            remove uninstalls all of it, with the log. Where the log has events that a job still
            needs, or that nobody has read, it says how many. On a terminal it asks then;
            otherwise it needs --yes.

            Tranche deletes the events of an input when no job needs them any more, except the
            last one. Each open batch of a job that reads the log keeps its events.

            run gives the event of a schedule by hand, for now or for a time that was missed:
            its links work on it as on any, and its payload says who asked, when and why. The
            event of one time is given once; exit: 3 where the log has it already.

            """,
        brief: """
            add installs what records changes of PostgreSQL tables, status shows it, remove
            uninstalls it. run gives the event of a schedule by hand, once.

            """
    )

    enum Action: String, CaseIterable {
        case list, show, add, remove, status, forget, run

        static let words = allCases.map(\.rawValue).joined(separator: "|")
    }

    private let action: Action
    private let name: String?
    /// The pipeline and the input that something is installed for.
    private let installed: (file: PipelineFile, input: String)?
    /// The inventory to forget.
    private let reader: String?
    /// Whether to take out what is installed.
    let consent: Consent
    /// The event of a schedule that is to be given.
    private let request: ScheduleRequest?

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
        name = [.show, .run].contains(action) ? try arguments.operand(1, "NAME") : nil
        reader = action == .forget ? try arguments.operand(3, "READER") : nil
        request = try ScheduleRequest(arguments, of: action == .run ? name : nil)
        consent = try Consent(arguments)
        if consent.isDryRun, action != .run, action != .remove {
            throw UsageError("--dry-run goes with 'input run' and 'input remove'")
        }
        if consent.isSure, action != .remove {
            throw UsageError("--yes goes with 'input remove'")
        }
        switch action {
        case .list, .show, .run:
            guard arguments.operands.count == (action == .list ? 1 : 2) else {
                throw UsageError("a NAME alone goes with 'input show' and 'input run'")
            }
            installed = nil
        case .add, .remove, .status, .forget:
            guard reader != nil || arguments.operands.count < 4 else {
                throw UsageError("a READER goes with 'input forget'")
            }
            let file = try PipelineFile(arguments, at: 1)
            installed = (file, try arguments.operand(2, "INPUT"))
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        if let request { return try await request.run(context) }
        if let installed { return try await install(installed.file, installed.input, context) }
        return try await list(context)
    }

    /// Installs what an input needs, takes it out, or says how it is.
    private func install(
        _ file: PipelineFile,
        _ name: String,
        _ context: Context
    ) async throws -> ProgramStatus {
        let pipeline = try PipelineFile.refusing { try file.checked(context, opens: true) }
        guard let input = pipeline.input(named: name) else {
            throw UsageError("\(file.path) has no input '\(name)'")
        }
        guard let input = input as? any InstallableInput else {
            throw UsageError("the input '\(name)' needs nothing installed")
        }
        var words: [String]?
        switch action {
        case .add: words = try await input.install()
        case .remove:
            return try await remove(input, of: pipeline, file, context)
        case .forget: words = try await input.forget(reader: reader ?? "")
        default:
            words = try await input.installation()
            if let input = input as? PostgreSQLInput, let found = words {
                let kept = try await keeping(input, of: pipeline, file, context)
                words = found + kept
            }
        }
        guard let words else {
            throw TrancheError(
                .invalidSource,
                "nothing records for '\(name)'; 'tranche input add \(file.path) \(name)' installs "
                    + "what does"
            )
        }
        let lines = words.isEmpty ? ["'\(name)' is as it should be"] : words
        try context.write(InstallationDocument(input: name, lines: lines)) {
            lines.map { $0 + "\n" }.joined()
        }
        return .done
    }

    /// Says for which jobs the log of an input keeps events, where the inventory can be asked.
    private func keeping(
        _ input: PostgreSQLInput,
        of pipeline: Pipeline,
        _ file: PipelineFile,
        _ context: Context
    ) async throws -> [String] {
        do {
            let context = try context.using(pipeline, in: file)
            return try await context.withInventory { try await input.keeping(for: $0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            try context.note(
                "for which jobs events are kept is not known: \(redacted("\(error)"))",
                .warning
            )
            return []
        }
    }

    private func list(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let logs = try await inventory.inputLogs().filter { name == nil || $0.name == name }
            let others = try await elsewhere(inventory, besides: logs.map(\.name))
            if let name, logs.isEmpty, others.isEmpty {
                throw TrancheError(
                    .invalidArgument,
                    "there is no input '\(name)'; 'tranche input list' lists what there is"
                )
            }
            var inputs: [InputsDocument.Input] = []
            for log in logs {
                let needs = try await inventory.needs(ofInput: log.name)
                inputs.append(InputsDocument.Input(log, needs))
            }
            let document = InputsDocument(inputs: inputs, elsewhere: others)
            try context.write(document) { text(inputs) + text(others) }
            if inputs.isEmpty, others.isEmpty {
                try context.note("there is no input yet; 'tranche run' makes them")
            }
            return .done
        }
    }

    /// The inputs of applied pipelines whose events are not kept in the inventory.
    private func elsewhere(
        _ inventory: Inventory,
        besides known: [String]
    ) async throws -> [InputsDocument.Elsewhere] {
        var found: [InputsDocument.Elsewhere] = []
        for input in try await AppliedPipelines(inventory).inputs()
        where !known.contains(input.name) && (name == nil || input.name == name) {
            var needs: [InputLogNeed] = []
            if input.type == PostgreSQLInput.typeName {
                let source = PostgreSQLInput.source(ofInput: input.name)
                needs = try await inventory.needs(ofSource: source, above: 0)
            }
            found.append(InputsDocument.Elsewhere(input, needs))
        }
        return found
    }

    private func text(_ inputs: [InputsDocument.Elsewhere]) -> String {
        inputs.map { input in
            let end =
                input.type == PostgreSQLInput.typeName
                ? "its log is in the database of its tables; 'tranche input status FILE "
                    + "\(input.name)' shows it"
                : "no event of it is kept here"
            let head = "\(input.name): \(input.type), of pipeline '\(input.pipeline)'; \(end)"
            return ([head] + lines(of: input.jobs)).map { $0 + "\n" }.joined()
        }.joined()
    }

    private func lines(of jobs: [InputsDocument.Job]) -> [String] {
        jobs.map { job in
            "  \(job.job)\(job.run.isEmpty ? "" : " (run \(job.run))"): done up to \(job.done)"
        }
    }

    private func text(_ inputs: [InputsDocument.Input]) -> String {
        inputs.map { input in
            let kept = max(input.last - input.floor, 0)
            let head = [
                "\(input.name): \(HumanText.count(Int(kept), "event", "events")) kept, up to "
                    + "\(input.last); cleaned up to \(input.floor)"
            ]
            return (head + lines(of: input.jobs)).map { $0 + "\n" }.joined()
        }.joined()
    }
}

/// What was done for an input, or how it is, as a document.
struct InstallationDocument: Codable, Sendable {
    var input: String
    var lines: [String]
}

/// The logs of inputs, as a document.
struct InputsDocument: Codable, Sendable {
    var inputs: [Input]
    /// The inputs of applied pipelines whose events are not kept in the inventory.
    var elsewhere: [Elsewhere]

    struct Elsewhere: Codable, Sendable {
        var name: String
        var type: String
        var pipeline: String
        var jobs: [Job]

        init(_ input: AppliedInput, _ needs: [InputLogNeed]) {
            name = input.name
            type = input.type
            pipeline = input.pipeline
            jobs = needs.map(Job.init)
        }
    }

    struct Input: Codable, Sendable {
        var name: String
        var floor: Int64
        var last: Int64
        var jobs: [Job]

        init(_ log: InputLogRecord, _ needs: [InputLogNeed]) {
            name = log.name
            floor = log.floor
            last = log.last
            jobs = needs.map(Job.init)
        }
    }

    struct Job: Codable, Sendable {
        var job: String
        var run: String
        var done: Int64

        init(_ need: InputLogNeed) {
            job = need.key.job
            run = need.key.run
            done = need.done
        }
    }
}
