import FoundationEssentials
package import Tranche
public import TrancheConnectors
public import TrancheWorkflows

/// Which types of inputs and processes a pipeline's file may name, and what makes them.
///
/// ```swift
/// var types = PipelineTypes.standard(connectors, context)
/// types.inputs["ticks"] = { Ticks(name: $0.name) }
/// ```
public struct PipelineTypes: Sendable {
    /// Makes an input of what the file says; `nil` where a fault was said.
    public typealias InputMaker = @Sendable (PartSettings) throws -> (any Input)?
    /// Makes a process of what the file says; `nil` where a fault was said.
    public typealias ProcessMaker = @Sendable (PartSettings) throws -> (any EventProcess)?

    /// The makers of inputs, by the name of their type.
    public var inputs: [String: InputMaker]
    /// The makers of processes, by the name of their type.
    public var processes: [String: ProcessMaker]
    /// Where the variables are looked up that a file names for its databases; `nil` (the default)
    /// where files are only looked at, so that nothing is.
    public var credentials: Credentials?

    /// Finds what is wrong with the source and the sink of a job, without opening either; `nil`
    /// (the default) where nothing is looked at before the job begins.
    public var checkJob: (@Sendable (Workflow) throws(SpecError) -> Void)?

    /// Makes a list of types.
    public init(inputs: [String: InputMaker] = [:], processes: [String: ProcessMaker] = [:]) {
        self.inputs = inputs
        self.processes = processes
    }

    /// The types of this module: the inputs `directory`, `schedule`, `inventory`, `listing` and
    /// `postgresql`, and the processes `container`, `webhook`, `chain` and `workflow`.
    ///
    /// - Parameters:
    ///   - connectors: What makes sources and sinks of descriptions.
    ///   - context: What they are made in.
    ///   - environment: The variables that values may be in; this process's by default.
    ///   - workflows: How workflows are worked on; by default those that run no program.
    /// - Returns: The types.
    public static func standard(
        _ connectors: Connectors,
        _ context: ConnectorContext = ConnectorContext(),
        environment: [String: String]? = nil,
        workflows: WorkflowOptions = WorkflowOptions()
    ) -> PipelineTypes {
        let environment = environment ?? ProcessInfo.processInfo.environment
        var types = PipelineTypes(
            inputs: [
                "directory": { directory($0) },
                "schedule": { try schedule($0) },
                "inventory": { settings in
                    inventory(settings) { run, inventory in
                        try await connectors.source(of: run, in: inventory, context)
                    }
                },
                "listing": { try listing($0, connectors, context) },
                "postgresql": { try postgresql($0) },
            ],
            processes: [
                "container": { try container($0) },
                "webhook": { webhook($0, environment) },
                "chain": { chain($0, connectors, context) },
                "workflow": { workflow($0, connectors, context, workflows) },
            ]
        )
        types.checkJob = { job throws(SpecError) in try check(job, connectors, context) }
        return types
    }

    /// Describes what a job reads and writes, which finds out whether that can be.
    private static func check(
        _ job: Workflow,
        _ connectors: Connectors,
        _ context: ConnectorContext
    ) throws(SpecError) {
        do {
            do {
                _ = try connectors.source(job.source, context)
            } catch let error as SpecError {
                throw error.within(["source"])
            }
            do {
                if case .records(_, let sink) = job.work { _ = try connectors.target(of: sink) }
            } catch let error as SpecError {
                throw error.within(["sink"])
            }
        } catch let error as SpecError {
            throw error
        } catch {
            // Such as a library that is not here: the job says so when it begins.
        }
    }

    /// A place to connect to, without a password in it.
    private static func postgresql(_ settings: PartSettings) throws -> (any Input)? {
        let url = settings.database(["url", "connection_string"], placeholder: "postgresql:///")
        let tables = settings.texts("tables")
        let schemas = settings.texts("schemas")
        let rows = settings.choice("payload", of: ["key", "row"]) == "row"
        if tables.isEmpty, schemas.isEmpty {
            settings.fault("give the tables to record, or schemas", key: "tables")
        }
        guard let url else { return nil }
        var configuration = PostgreSQLOutbox.Configuration(name: settings.name)
        configuration.tables = tables.map { table in
            let parts = table.split(separator: ".", maxSplits: 1).map(String.init)
            return parts.count == 2 ? OutboxTable(schema: parts[0], parts[1]) : OutboxTable(table)
        }
        configuration.schemas = schemas
        configuration.payload = rows ? .row : .key
        return try PostgreSQLInput(configuration, url: url)
    }

    private static func container(_ settings: PartSettings) throws -> (any EventProcess)? {
        let key = settings.has("container") ? "container" : "execution_context"
        let json = settings.object(
            settings.has(key) ? key : "container",
            members: ContainerSettings.members,
            ofTexts: ["env", "labels"]
        )
        guard let json else { return nil }
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let wanted = try decoder.decode(ContainerSettings.self, from: Data(json.utf8))
            return ContainerProcess(settings.name, program: try ContainerProgram(wanted))
        } catch {
            settings.fault("\(error)", key: key)
            return nil
        }
    }

    private static func directory(_ settings: PartSettings) -> (any Input)? {
        let folder = settings.text("folder")
        var input = DirectoryInput(
            settings.name,
            folder: absolute(folder ?? ""),
            suffixes: settings.texts("suffixes"),
            isRecursive: settings.flag("recursive"),
            marker: settings.optionalText("marker")
        )
        if input.marker?.isEmpty == true {
            settings.fault("give what stands behind the name, such as .done", key: "marker")
        }
        if let quiet = settings.duration("quiet") { input.quiet = quiet }
        if let interval = settings.duration("interval") {
            input.interval = interval
            if interval <= .zero { settings.fault("give an interval above 0", key: "interval") }
        }
        return folder == nil ? nil : input
    }

    /// A path that is the same wherever the next process is started; links in it stay.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") || path.contains("://")
            ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    private static func schedule(_ settings: PartSettings) throws -> (any Input)? {
        let text = settings.text("cron")
        let zone = settings.optionalText("zone") ?? "UTC"
        let names = ScheduleInput.Missed.allCases.map(\.rawValue)
        let missed = settings.choice("missed", of: names).flatMap {
            ScheduleInput.Missed(rawValue: $0)
        }
        var known: String? = zone
        do {
            _ = try ZoneClock(zone)
        } catch let error as TrancheError {
            settings.fault(error.message, key: "zone")
            known = nil
        }
        guard let text else { return nil }
        do {
            // What is wrong with the times is so in any zone.
            let schedule = try CronSchedule(text, zone: known ?? "UTC")
            guard known != nil, let missed else { return nil }
            return ScheduleInput(settings.name, schedule: schedule, missed: missed)
        } catch let error as TrancheError {
            settings.fault(error.message, key: "cron")
            return nil
        }
    }

    /// Makes an input of what another job has done.
    ///
    /// - Parameters:
    ///   - settings: What the file says.
    ///   - source: Finds the sources of the job's runs.
    /// - Returns: The input; `nil` where a fault was said.
    package static func inventory(
        _ settings: PartSettings,
        source: @escaping SourceLooks.SourceFinder
    ) -> (any Input)? {
        let job = settings.text("job")
        let run = settings.optionalText("run")
        let gives = settings.choice("gives", of: InventoryInput.Gives.allCases.map(\.rawValue))
            .flatMap { InventoryInput.Gives(rawValue: $0) }
        guard let job, let gives else { return nil }
        return InventoryInput(settings.name, job: job, run: run, gives: gives, source: source)
    }

    private static func listing(
        _ settings: PartSettings,
        _ connectors: Connectors,
        _ context: ConnectorContext
    ) throws -> (any Input)? {
        let json = settings.json("source")
        let location = settings.optionalText("location")
        guard let json else { return nil }
        do {
            let spec = try JSONText.decode(SourceSpec.self, from: json)
            let source = try connectors.source(spec, context)
            return ListingInput(settings.name, source: source, location: location ?? spec.location)
        } catch {
            settings.fault("\(error)", key: "source")
            return nil
        }
    }
}
