import Tranche
import TrancheOrchestrator

/// Lists the logs of inputs, and what is still needed of them.
struct InputCommand: Command {
    static let description = CommandDescription(
        name: "input",
        summary: "List the logs of inputs; record the changes of PostgreSQL tables",
        examples: ["tranche input status pipeline.yaml orders"],
        operands: [
            .init(name: Action.words, help: "the action", choices: Action.allCases.map(\.rawValue)),
            .init(
                name: "NAME",
                help: "with show: the input; with list: nothing; otherwise: the FILE of a "
                    + "pipeline",
                isOptional: true
            ),
            .init(name: "INPUT", help: "the input of FILE", isOptional: true),
            .init(
                name: "READER",
                help: "with forget: the inventory that no longer reads the input",
                isOptional: true
            ),
        ],
        groups: [],
        notes: """
            add installs the recording of changes in a PostgreSQL database, for the tables of an
            input of type postgresql: triggers on each table and partition, and a log in the
            schema tranche. Run it again to update them. status shows which tables are recorded,
            which inventories read the log, and which changes it cannot see. remove uninstalls
            all of it, with the log. The log keeps entries until every inventory has read them;
            forget drops an inventory that no longer exists.

            Tranche deletes the events of an input when no job needs them any more, except the
            last one. Each open batch of a job that reads the log keeps its events.

            """
    )

    enum Action: String, CaseIterable {
        case list, show, add, remove, status, forget

        static let words = allCases.map(\.rawValue).joined(separator: "|")
    }

    private let action: Action
    private let name: String?
    /// The pipeline and the input that something is installed for.
    private let installed: (file: PipelineFile, input: String)?
    /// The inventory to forget.
    private let reader: String?

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
        name = action == .show ? try arguments.operand(1, "NAME") : nil
        reader = action == .forget ? try arguments.operand(3, "READER") : nil
        switch action {
        case .list, .show:
            guard arguments.operands.count == (action == .show ? 2 : 1) else {
                throw UsageError("a NAME alone goes with 'input show'")
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
            try await input.remove()
            words = ["nothing records for '\(name)' any more"]
        case .forget: words = try await input.forget(reader: reader ?? "")
        default: words = try await input.installation()
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

    private func list(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let logs = try await inventory.inputLogs().filter { name == nil || $0.name == name }
            if let name, logs.isEmpty {
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
            try context.write(InputsDocument(inputs: inputs)) { text(inputs) }
            if inputs.isEmpty {
                try context.note("there is no input yet; 'tranche run' makes them")
            }
            return .done
        }
    }

    private func text(_ inputs: [InputsDocument.Input]) -> String {
        inputs.map { input in
            let kept = max(input.last - input.floor, 0)
            var lines = [
                "\(input.name): \(HumanText.count(Int(kept), "event", "events")) kept, up to "
                    + "\(input.last); cleaned up to \(input.floor)"
            ]
            lines += input.jobs.map { job in
                "  \(job.job)\(job.run.isEmpty ? "" : " (run \(job.run))"): done up to \(job.done)"
            }
            return lines.map { $0 + "\n" }.joined()
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

    struct Input: Codable, Sendable {
        var name: String
        var floor: Int64
        var last: Int64
        var jobs: [Job]

        init(_ log: InputLogRecord, _ needs: [InputLogNeed]) {
            name = log.name
            floor = log.floor
            last = log.last
            jobs = needs.map { Job(job: $0.key.job, run: $0.key.run, done: $0.done) }
        }
    }

    struct Job: Codable, Sendable {
        var job: String
        var run: String
        var done: Int64
    }
}
