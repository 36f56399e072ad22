import Tranche
import TranchePostgreSQL
import TrancheSQL

/// The log of an outbox, as a source that knows what was cleaned.
struct OutboxSource: MetaSourceDescription {
    var name: String
    var url: String

    func open(beside store: any InventoryStore) async throws -> any MetaSource {
        let view = PostgreSQLInput.view(name)
        var source = SQLSource(table: view.table, schema: view.schema, uid: "id")
        source.item = "item"
        source.weight = .none
        source.database = .postgres(url)
        let outbox = try PostgreSQLOutbox(.init(name: name), url: url)
        guard try await outbox.isInstalled() else {
            throw TrancheError(
                .invalidSource,
                "nothing records for the input '\(name)' yet; 'tranche input add FILE \(name)' "
                    + "installs what does"
            )
        }
        return OutboxMetaSource(
            base: try await source.open(beside: store),
            outbox: outbox
        )
    }
}

/// A view of an outbox's log, below whose floor nothing is missed.
private struct OutboxMetaSource: MetaSource {
    let base: any MetaSource
    let outbox: PostgreSQLOutbox

    var definition: SourceDefinition { base.definition }
    var risks: [SourceRisk] { base.risks }
    var promise: SourcePromise { base.promise }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        try await base.nextRange(after: cursor, within: bounds, limit: limit, batches: batches)
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await base.items(in: range, limit: limit)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await base.items(withIDs: ids)
    }

    func highestID() async throws -> Int64? { try await base.highestID() }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await base.matchingItems(in: ranges, limit: limit)
    }

    func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum] {
        try await base.tallies(of: ranges)
    }

    func floor() async throws -> Int64? { try await outbox.floor() }
}
