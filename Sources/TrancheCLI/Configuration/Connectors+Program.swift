import Tranche
import TrancheChains
package import TrancheConnectors
import TrancheHTTP
import TrancheMongo
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite
import TrancheWorkflows

extension Connectors {
    /// All connectors of the modules that the program links.
    package static let ofProgram = Connectors([
        InventoryConnector(), PagesConnector(), InputConnector(), FileConnector(),
        ObjectConnector(), SnapshotConnector(), SQLiteConnector(), PostgreSQLConnector(),
        MongoConnector(), WebhookConnector(), CypherConnector(), TableConnector(),
    ])
}

extension Context {
    /// Makes what finds the sources of runs in one look: what they share is read once.
    func sourceFinder() -> SourceLooks.SourceFinder {
        let applied = AppliedDatabases()
        return { run, inventory in try await source(of: run, in: inventory, applied) }
    }

    /// Finds the source that a run was begun with.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - spec: The source as the command line names it, where it does.
    ///   - inventory: The run's inventory.
    ///   - applied: The databases of applied pipelines, as far as they were read for other runs.
    /// - Returns: Its description; the source is open in the inventory.
    /// - Throws: As `Connectors.source(of:named:in:_:)`, with the way out.
    func source(
        of run: RunRecord,
        named spec: SourceSpec? = nil,
        in inventory: Inventory,
        _ applied: AppliedDatabases = AppliedDatabases()
    ) async throws -> any MetaSourceDescription {
        do {
            return try await Connectors.ofProgram.source(
                of: run,
                named: spec,
                in: inventory,
                settings.connecting(for: run)
            )
        } catch let error as TrancheError {
            // Where the inventory or a source is away, asking on tells nothing.
            if error.category == .permanent,
                let found = try await databaseOfPipeline(run, named: spec, in: inventory, applied)
            {
                return found.source
            }
            guard let mismatch = error.underlying as? SourceMismatch else {
                throw try await naming(error, databaseOf: run, in: inventory, applied)
            }
            let known = mismatch.run.source
            let commands = mismatch.found.flatMap { known?.commands(toBecome: $0, of: run.key) }
            let place =
                mismatch.isOfFile ? "" : "; set TRANCHE_META_DB or --meta-db to where they are"
            let unset = try await unsetDatabases(for: run, in: inventory, applied)
            throw TrancheError(
                error.code,
                error.message + place + (commands.map { ", or \($0)" } ?? "") + unset,
                field: error.field,
                underlying: mismatch
            )
        }
    }

    /// The error of a source that is not where it is looked for, with where it was, and with what
    /// keeps it from being looked for where an applied pipeline says.
    ///
    /// - Parameters:
    ///   - error: What is wrong.
    ///   - run: The run that was begun with the source.
    ///   - inventory: Its inventory.
    ///   - applied: The databases of applied pipelines, as far as they were read before.
    /// - Returns: The error; as it is for items that were in no PostgreSQL database.
    /// - Throws: `TrancheError` of the store.
    func naming(
        _ error: TrancheError,
        databaseOf run: RunRecord,
        in inventory: Inventory,
        _ applied: AppliedDatabases = AppliedDatabases()
    ) async throws -> TrancheError {
        guard error.category == .permanent, run.isInPostgreSQL,
            let name = run.source?.database.split(separator: "/").last
        else { return error }
        let unset = try await unsetDatabases(for: run, in: inventory, applied)
        return TrancheError(
            error.code,
            "\(error.message); its items were in the PostgreSQL database '\(name)': if that is "
                + "another one, set TRANCHE_META_DB or --meta-db to it\(unset)",
            field: error.field,
            underlying: error
        )
    }

    /// What is to be set so that a run's items are looked for where applied pipelines say, as the
    /// end of a sentence; empty where nothing is.
    private func unsetDatabases(
        for run: RunRecord,
        in inventory: Inventory,
        _ applied: AppliedDatabases
    ) async throws -> String {
        guard try settings.metaDatabase == nil, run.isInPostgreSQL else { return "" }
        let credentials = settings.credentials
        return try await applied.all(in: inventory).compactMap { database -> String? in
            do {
                _ = try database.place.text(credentials)
                return nil
            } catch {
                return "; the applied pipeline '\(database.pipeline)' says where its database "
                    + "'\(database.name)' is, but \(error)"
            }
        }.joined()
    }

    /// The database of a known run's items, where no setting names one and it is not the
    /// inventory's own: a file that the inventory tells, or one that an applied pipeline names.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - inventory: Its inventory.
    /// - Returns: The database; `nil` where none is known.
    /// - Throws: `TrancheError` of the store.
    func database(of run: RunRecord, in inventory: Inventory) async throws -> DatabaseSpec? {
        if let file = try settings.database(of: run) { return file }
        // An inventory is known by its database and its table.
        if let items = run.source?.database,
            try await inventory.store.identity().hasPrefix("\(items)#")
        {
            return nil
        }
        let applied = AppliedDatabases()
        return try await databaseOfPipeline(run, named: nil, in: inventory, applied)?.database
    }

    /// The source that a run was begun with, and its database, in one that an applied pipeline
    /// names, where no setting does.
    ///
    /// What is there is compared with what the inventory keeps of it. A database that cannot be
    /// reached from here, or whose variable is not set, is passed over.
    private func databaseOfPipeline(
        _ run: RunRecord,
        named spec: SourceSpec?,
        in inventory: Inventory,
        _ applied: AppliedDatabases
    ) async throws -> (database: DatabaseSpec, source: any MetaSourceDescription)? {
        guard try settings.metaDatabase == nil, run.isInPostgreSQL else { return nil }
        var context = try settings.connecting
        var tried: Set<SecretPlace> = []
        for place in try await applied.all(in: inventory).map(\.place) {
            // Several pipelines may name the same one.
            guard tried.insert(place).inserted else { continue }
            do {
                let url = try place.text(context.credentials)
                let database = try DatabaseSpec(url, passwords: .hidden)
                context.database = database
                let source = try await Connectors.ofProgram.source(
                    of: run,
                    named: spec,
                    in: inventory,
                    context
                )
                return (database, source)
            } catch is TrancheError, is SpecError {
                // The first error is told, and says what to set.
                continue
            }
        }
        return nil
    }

    /// Says what no proof covers in a source.
    func noteRisks(of source: any MetaSource) throws {
        for words in source.cautions { try note("note: \(words)") }
    }
}

extension MetaSource {
    /// What no proof covers in it, and what looks into it cost, in sentences.
    var cautions: [String] {
        risks.map(\.explanation) + (numbered?.searchCost.map { [$0] } ?? [])
    }
}

extension RunRecord {
    /// Whether the items of the run were in a PostgreSQL database when it began.
    fileprivate var isInPostgreSQL: Bool {
        source?.database.hasPrefix("postgresql:") ?? false
    }
}
