import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheOrchestrator
import TrancheServer
import TrancheWorkflows

/// A pipeline's file, as an operand.
struct PipelineFile: Sendable {
    let path: String

    static let operand = CommandDescription.Operand(
        name: "FILE",
        help: "the pipeline, as YAML or JSON"
    )

    /// What a file says, for people who write one.
    static let notes = """
        FILE has inputs, processes and links:

            inputs:
              uploads: {type: directory, folder: /srv/uploads, suffixes: [.csv]}
              nightly: {type: schedule, cron: "0 2 * * *", zone: Europe/Berlin}
            processes:
              validate: {type: program, command: [python3, validate.py]}
              report: {type: program, command: [./report.sh]}
            links:
              - {from: uploads, to: validate, count: 20, max_attempts: 5}
              - nightly -> report

        Types of inputs: directory, schedule, inventory (succeeded batches of another job),
        listing (items of a source), postgresql (changes of tables), webhook (requests).
        Types of processes: program, container, webhook, chain (records of events, or of
        their files, into a sink), workflow. A program reads its events as JSON Lines on
        standard input, and a single event also as PIPELINE_EVENT. {then: {move: FOLDER}},
        {then: delete} or {then: tag} of a link says what happens to the file of a processed
        event.

        A file may also have a name, an inventory, databases, budgets, jobs, alerts, and a
        place for OpenLineage events:

            budgets: {warehouse: {batches: 4, rate: 1GiB/min}}
            jobs:
              load: {source: "csv:in.csv", count: 500, command: [./load.sh],
                     budgets: [warehouse]}
            alerts:
              ops: {webhook: {env: ALERT_URL}, when: [failed, held, lag above 1h]}
            lineage: {to: "http://marquez:5000", namespace: shop}


        """

    /// What of them the short help says.
    static let brief = """
        FILE has inputs, processes and links; --help-all lists their types:

            inputs:
              uploads: {type: directory, folder: /srv/uploads, suffixes: [.csv]}
              nightly: {type: schedule, cron: "0 2 * * *", zone: Europe/Berlin}
            processes:
              validate: {type: program, command: [python3, validate.py]}
              report: {type: program, command: [./report.sh]}
            links:
              - {from: uploads, to: validate, count: 20, max_attempts: 5}
              - nightly -> report


        """

    init(path: String) { self.path = path }

    init(_ arguments: Arguments, at place: Int = 0) throws {
        path = try arguments.operand(place, "FILE")
    }

    /// Reads the file's bytes, for callers that make several things of them.
    ///
    /// - Throws: ``UsageError`` for a file that cannot be read.
    func read() throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw UsageError("\(path) cannot be read: \(FileFault(error))")
        }
    }

    /// Makes a pipeline of the file.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes; read where they are not given.
    ///   - programs: Makes processes that run programs.
    ///   - context: Where sources are made.
    ///   - workflows: How workflows are worked on.
    ///   - looks: Whether the file is only looked at: no credential is looked up then.
    /// - Returns: The pipeline.
    /// - Throws: ``UsageError`` for a file that cannot be read; `YAMLFaults`, `YAMLError`.
    func pipeline(
        of bytes: [UInt8]? = nil,
        _ programs: @escaping PipelineTypes.ProcessMaker,
        _ context: Context,
        _ workflows: WorkflowOptions = WorkflowOptions(),
        onlyLooking looks: Bool = false
    ) throws -> Pipeline {
        var types = try Self.types(programs, context, workflows)
        if looks { types.credentials = nil }
        return try Pipeline(bytes: bytes ?? read(), file: path, types: types)
    }

    /// The types of inputs and processes of this program.
    static func types(
        _ programs: @escaping PipelineTypes.ProcessMaker,
        _ context: Context,
        _ workflows: WorkflowOptions = WorkflowOptions()
    ) throws -> PipelineTypes {
        var types = PipelineTypes.standard(
            .ofProgram,
            try context.settings.connecting,
            environment: context.environment,
            workflows: workflows
        )
        types.processes["program"] = programs
        types.inputs["inventory"] = { settings in
            // As 'status' finds them, so that both see the same.
            PipelineTypes.inventory(settings) { run, inventory in
                try await context.sourceFinder()(run, inventory)
            }
        }
        types.addWebhook(environment: context.environment)
        types.credentials = context.settings.credentials
        return types
    }

    /// Reads the file for a command that needs all of it.
    ///
    /// - Throws: ``UsageError`` with every fault.
    static func refusing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as YAMLFaults {
            throw UsageError(error.faults.map { "\($0)" }.joined(separator: "; "))
        } catch let error as YAMLError {
            throw UsageError("\(error)")
        }
    }

    /// Reads the file without running anything of it.
    ///
    /// - Parameters:
    ///   - context: Where sources are made.
    ///   - bytes: The file's bytes; read where they are not given.
    ///   - opens: Whether something of it is opened, so that credentials are looked up.
    /// - Returns: The pipeline.
    /// - Throws: As ``pipeline(of:_:_:_:onlyLooking:)``.
    func checked(
        _ context: Context,
        of bytes: [UInt8]? = nil,
        opens: Bool = false
    ) throws -> Pipeline {
        try pipeline(of: bytes, { UnstartedProgram($0) }, context, onlyLooking: !opens)
    }
}

/// A program of a pipeline that is only looked at.
private struct UnstartedProgram: EventProcess {
    let name: String

    init?(_ settings: PartSettings) {
        name = settings.name
        guard settings.requiredTexts("command") != nil else { return nil }
    }

    func run(_ events: EventBatch) async throws -> ProcessResult {
        throw TrancheError(.invalidArgument, "the program was only looked at, to be checked")
    }
}
