import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheSQL

/// Redefines all jobs whose tables have moved to another database, all or none.
struct DatabaseMove: Sendable {
    /// The database that the jobs are known with; `nil` for any.
    private let origin: String?

    /// Reads `--all --database` and `--from-database`.
    ///
    /// - Returns: `nil` when a single job is meant.
    /// - Throws: ``UsageError``.
    init?(_ arguments: Arguments) throws {
        let origin = arguments.text("from-database")
        guard arguments.has("all") || origin != nil else { return nil }
        let others = ["job", "meta", "schema", "run", "same", "restart", "from", "to"]
        if let extra = (others + SpecOptions.tableOptions).first(where: arguments.has) {
            throw UsageError("--\(extra) does not go with all jobs at once")
        }
        guard arguments.has("database") || origin != nil else {
            throw UsageError("--all goes with --database, or with --from-database NAME")
        }
        if let origin, origin.contains("://") {
            throw UsageError(
                "--from-database takes the database as 'tranche status --json' names it in the "
                    + "definition, such as postgresql:7423…/app, since it may be gone by now"
            )
        }
        self.origin = origin.map { name in
            guard name.hasPrefix("sqlite:") else { return name }
            let path = String(name.dropFirst("sqlite:".count))
            return "sqlite:" + URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        }
    }

    /// Redefines the jobs.
    func run(
        _ inventory: Inventory,
        isDryRun: Bool,
        _ context: Context
    ) async throws -> ProgramStatus {
        var known: [JobKey: RunRecord] = [:]
        for run in try await inventory.runs(RunSelection()) where try isOverTable(run) {
            known[JobKey(metaTable: run.key.metaTable, job: run.key.job)] = run
        }
        var definitions: [JobKey: SourceDefinition] = [:]
        var redefinitions: [Redefinition] = []
        let jobs = known.sorted { ($0.key.job, $0.key.metaTable) < ($1.key.job, $1.key.metaTable) }
        for (job, run) in jobs {
            guard let definition = run.source, isMeant(definition) else { continue }
            let moved = try await moved(run, definition, inventory, context)
            if moved.database == definition.database { continue }
            definitions[job] = moved
            var redefinition = Redefinition(
                key: RunKey(metaTable: job.metaTable, job: job.job),
                isDryRun: isDryRun
            )
            redefinition.add(differencesFrom: definition, to: moved)
            redefinitions.append(redefinition)
        }
        if !isDryRun, !definitions.isEmpty { try await inventory.redefine(definitions) }
        try context.write(RedefinitionsDocument(jobs: redefinitions)) {
            redefinitions.map(\.text).joined()
        }
        if redefinitions.isEmpty {
            try context.note(nothing(Array(known.values)))
            return .nothingNow
        }
        return .done
    }

    /// Whether a job is known with the database that is meant.
    private func isMeant(_ definition: SourceDefinition) -> Bool {
        guard let origin, definition.database != origin else { return true }
        // What is a part of an inventory is known by its database and its table.
        return definition.isOfInventory && definition.database.hasPrefix("\(origin)#")
    }

    /// Whether a job's items are in a database: a table's, or a part of the inventory, such as the
    /// batches of another job, which is in the inventory's own.
    private func isOverTable(_ run: RunRecord) throws -> Bool {
        guard let definition = run.source else { return false }
        if definition.isOfInventory { return true }
        let connectors = Connectors.ofProgram
        guard let spec = try connectors.specs(recordedAs: definition).first else { return false }
        return try connectors.scheme(of: spec).fields.contains("database")
    }

    /// The definition in the database that is configured now.
    private func moved(
        _ run: RunRecord,
        _ definition: SourceDefinition,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> SourceDefinition {
        var firstError: (any Error)?
        let connecting = try context.settings.connecting
        for candidate in try Connectors.ofProgram.candidates(for: run, connecting) {
            do {
                try await inventory.requireThere(candidate)
                return try await inventory.source(candidate).definition
            } catch let error as TrancheError where error.category == .permanent {
                firstError = firstError ?? error
            }
        }
        throw TrancheError(
            .redefined,
            "\(run.key) cannot be moved, and so no job was: "
                + (firstError.map { "\($0)" } ?? "its source is not known")
                + "; redefine the others by their names",
            underlying: firstError
        )
    }

    private func nothing(_ runs: [RunRecord]) -> String {
        let databases = Set(runs.compactMap { $0.source?.database }).sorted()
        let list = databases.isEmpty ? "none" : databases.joined(separator: ", ")
        guard let origin else {
            return databases.isEmpty
                ? "no job has its items in a database"
                : "all jobs over tables, and over what is in the inventory, are known with the "
                    + "database that is configured now"
        }
        return runs.contains { $0.source.map(isMeant) ?? false }
            ? "all jobs known with '\(origin)' are where they are: it is configured now"
            : "no job is known with '\(origin)'; known are: \(list)"
    }
}

extension Inventory {
    /// Refuses the log of an input that is not there: a new one would be made, and a job would go
    /// on in it behind events that it never had.
    ///
    /// - Parameter description: Any source.
    /// - Throws: `TrancheError` `.invalidSource`; the store's failure.
    func requireThere(_ description: any MetaSourceDescription) async throws {
        guard let log = description as? InputLogSource else { return }
        guard try await store.inputLog(log.name) == nil else { return }
        throw InputLogSource.noLog(log.name, in: store.name)
    }
}
