import Tranche
import TrancheChains
import TrancheMongo
import TrancheSQL

/// The source of a known run, made again from what the inventory keeps of it.
struct RecordedSource: Sendable {
    private let run: RunRecord
    private let settings: Settings
    private let meta: MetaName?

    /// Makes the source of a run.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - settings: Name the database of a table.
    ///   - meta: The source's name as the command line has it, where it has.
    init(_ run: RunRecord, _ settings: Settings, meta: MetaName? = nil) {
        self.run = run
        self.settings = settings
        self.meta = meta
    }

    /// Finds the source that the run was begun with.
    ///
    /// - Parameter inventory: The run's inventory.
    /// - Returns: Its description; the source is open in the inventory.
    /// - Throws: `TrancheError` `.redefined` when what is configured is another source, `.unknownRun`
    ///   for an adopted run whose source is not known yet; the source's failure.
    func find(in inventory: Inventory) async throws -> any MetaSourceDescription {
        guard let definition = run.source else {
            throw TrancheError(
                .unknownRun,
                "the columns of \(run.key) are not known yet, as nothing was acquired since it was taken "
                    + "over; acquire a batch of it first"
            )
        }
        var firstError: (any Error)?
        for candidate in try candidates(definition) {
            do {
                let found = try await inventory.source(candidate).definition
                if found.shared == definition.shared { return candidate }
                throw mismatch(found, definition)
            } catch let error as TrancheError where error.category == .permanent {
                firstError = firstError ?? error
            }
        }
        throw firstError ?? mismatch(definition, definition)
    }

    /// Sources that may have been recorded under a definition.
    func candidates(_ definition: SourceDefinition) throws -> [any MetaSourceDescription] {
        if let source = InventorySource(definition, rootIDs: run.rootIDs) { return [source] }
        if let file = try FileName(definition.table) {
            let reading = try FileReading(definition) ?? FileReading()
            return try [false, true].map { try file.source(reading, grows: $0, settings) }
        }
        if MetaName.isCollection(definition.table) {
            let location = try MongoLocation(
                definition.table,
                environment: settings.environment
            )
            return [
                MongoSource(
                    location,
                    uid: definition.uid,
                    item: definition.item,
                    weight: definition.weight,
                    filter: definition.filter
                )
            ]
        }
        let database = try settings.metaDatabase?.source
        return tables(of: definition.table).map { table in
            var source = table
            source.database = database
            source.uid = definition.uid
            source.item = definition.item.map { .named($0) } ?? SQLColumn.none
            source.weight = definition.weight.map { .named($0) } ?? SQLColumn.none
            source.filter = definition.filter
            source.settleColumn = definition.settleColumn
            // Whether it may change its answer was decided when the run began.
            source.allowsVolatileFilter = true
            return source
        }
    }

    /// A recorded name that holds dots may have been given whole, or as a schema and a table.
    private func tables(of name: String) -> [SQLSource] {
        if let meta { return [meta.source] }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 1 { return [SQLSource(name)] }
        let whole = SQLSource(table: name, schema: nil)
        if parts.count == 2 { return [SQLSource(name), whole] }
        let rest = parts.dropFirst().joined(separator: ".")
        return [SQLSource(table: rest, schema: String(parts[0])), whole]
    }

    private func mismatch(_ found: SourceDefinition, _ known: SourceDefinition) -> TrancheError {
        let difference = found.shared.difference(to: known.shared) ?? "another source"
        let command = known.commands(toBecome: found, of: run.key).map { ", or \($0)" } ?? ""
        let isFile = known.uid == "offset"
        return TrancheError(
            .redefined,
            isFile
                ? "\(run.key) has another file or reads it otherwise (\(difference)); put back what was "
                    + "there\(command)"
                : "\(run.key) has its items elsewhere than is configured now (\(difference)); set "
                    + "TRANCHE_META_DB or --meta-db to where they are\(command)"
        )
    }
}

extension Context {
    /// Says what no proof covers in a source.
    func noteRisks(of source: any MetaSource) throws {
        for risk in source.risks {
            try note("note: \(risk.explanation)")
        }
    }
}
