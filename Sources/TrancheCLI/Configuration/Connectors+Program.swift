import Tranche
import TrancheChains
package import TrancheConnectors
import TrancheHTTP
import TrancheMongo
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
    /// Finds the source that a run was begun with.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - spec: The source as the command line names it, where it does.
    ///   - inventory: The run's inventory.
    /// - Returns: Its description; the source is open in the inventory.
    /// - Throws: As `Connectors.source(of:named:in:_:)`, with the way out.
    func source(
        of run: RunRecord,
        named spec: SourceSpec? = nil,
        in inventory: Inventory
    ) async throws -> any MetaSourceDescription {
        do {
            return try await Connectors.ofProgram.source(
                of: run,
                named: spec,
                in: inventory,
                settings.connecting(for: run)
            )
        } catch let error as TrancheError {
            guard let mismatch = error.underlying as? SourceMismatch else { throw error }
            let known = mismatch.run.source
            let commands = mismatch.found.flatMap { known?.commands(toBecome: $0, of: run.key) }
            let place =
                mismatch.isOfFile ? "" : "; set TRANCHE_META_DB or --meta-db to where they are"
            throw TrancheError(
                error.code,
                error.message + place + (commands.map { ", or \($0)" } ?? ""),
                underlying: mismatch
            )
        }
    }

    /// Says what no proof covers in a source.
    func noteRisks(of source: any MetaSource) throws {
        for risk in source.risks {
            try note("note: \(risk.explanation)")
        }
        if let cost = source.numbered?.searchCost { try note("note: \(cost)") }
    }
}
