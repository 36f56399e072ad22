import Tranche
import TrancheChains
import TrancheConnectors

/// The source of a known job, with what was given put in.
struct RedefinedSource: Sendable {
    /// The options that let more records of a file be read, as they are: each is a field, too.
    static let relaxations = ["fit-ragged", "replace-invalid"]

    private let run: RunRecord
    private let named: SourceSpec?
    private let arguments: Arguments
    private let settings: Settings
    private let times: [String: SpecValue]

    /// Makes it.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - spec: The source as the command line names it, where it does.
    ///   - arguments: What is given.
    ///   - settings: Name the database of a table.
    ///   - times: The ends of the run that are given, as fields, where they are times.
    init(
        _ run: RunRecord,
        named spec: SourceSpec?,
        _ arguments: Arguments,
        _ settings: Settings,
        times: [String: SpecValue] = [:]
    ) {
        self.run = run
        named = spec
        self.arguments = arguments
        self.settings = settings
        self.times = times
    }

    /// Finds the definition that the job is given.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: The definition; `nil` when nothing was said about the source.
    /// - Throws: ``UsageError`` for options that do not go with the kind of source; the source's
    ///   failure.
    func definition(in inventory: Inventory) async throws -> SourceDefinition? {
        let connectors = Connectors.ofProgram
        let spec = try SpecOptions.redefinition.named { try asked() }
        let connector = try connectors.connector(of: spec, (any SourceConnector).self)
        if let redefining = connector as? any RedefiningConnector {
            guard let known = run.source else { return nil }
            var definition: SourceDefinition?
            if isAsked(["same", "restart"]) {
                definition = try await redefining.redefined(known, spec, settings.connecting)
            }
            guard isAsked(Self.relaxations) else { return definition }
            return try await redefining.relaxed(definition ?? known, spec, settings.connecting)
        }
        guard !times.isEmpty || isAsked(SpecOptions.tableOptions + ["database", "meta-db"]) else {
            return nil
        }
        let source = try SpecOptions.redefinition.named {
            try connectors.source(spec, settings.connecting)
        }
        try await inventory.requireThere(source)
        return try await inventory.source(source).definition
    }

    /// The ids of the times that the run is given.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - inventory: The inventory.
    /// - Returns: The ids; `nil` where they are those that it has.
    /// - Throws: ``UsageError`` where no item lies within the times; the source's failure.
    func timedIDs(of run: RunRecord, in inventory: Inventory) async throws -> IDBounds? {
        let description = try SpecOptions.redefinition.named {
            try Connectors.ofProgram.source(try asked(), settings.connecting)
        }
        let source = try await inventory.source(description)
        let found = try await inventory.timedIDs(
            in: source,
            waiting: run.policy.settleWait
        )
        guard let ids = found?.ids else {
            throw UsageError(
                "'\(run.key.metaTable)' has no item from "
                    + "\(source.definition.time?.bounds ?? ""); nothing was changed"
            )
        }
        let bounds = IDBounds(ids)
        return bounds == run.bounds ? nil : bounds
    }

    /// The source as it is known, with what is given put in.
    private func asked() throws -> SourceSpec {
        let connectors = Connectors.ofProgram
        var spec = try known()
        let scheme = try connectors.scheme(of: spec)
        spec.fields.merge(try SpecOptions.redefinition.fields(arguments)) { _, given in given }
        spec.fields.merge(times) { _, given in given }
        for option in Self.relaxations where arguments.has(option) {
            spec.fields[option.replacing("-", with: "_")] = true
        }
        if arguments.has("where"), scheme.fields.contains("volatile_filter") {
            spec.fields["volatile_filter"] = .flag(arguments.has("volatile-filter"))
        }
        _ = try connectors.connector(of: spec, (any SourceConnector).self)
        // A job's batches, an input's events and pages are where the inventory is.
        let isInDatabase =
            scheme.fields.contains("database")
            || ["inventory", "input", "pages"].contains(spec.scheme)
        guard isInDatabase || !arguments.has("database") else {
            throw UsageError("--database goes with a table, not with \(scheme.noun)")
        }
        return spec
    }

    private func known() throws -> SourceSpec {
        if let spec = try Connectors.ofProgram.specs(of: run, named: named).first { return spec }
        return try named ?? SourceSpec(scheme: "", place: run.key.metaTable)
    }

    private func isAsked(_ options: [String]) -> Bool { options.contains(where: arguments.has) }
}
