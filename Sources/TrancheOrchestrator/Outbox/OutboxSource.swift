import Tranche
import TranchePostgreSQL
import TrancheSQL

/// The log of an outbox as a source.
///
/// Opening it notes a reader; entries that the reader has not read are kept.
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
        try await outbox.register(PostgreSQLOutbox.Reader(store))
        await outbox.close()
        return try await source.open(beside: store)
    }
}
