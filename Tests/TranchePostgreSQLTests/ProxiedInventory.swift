import TestSupport
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// Runs `body` with an inventory behind a proxy, over a source of some items.
///
/// - Parameters:
///   - items: How many items there are; each weighs its number.
///   - decidesItself: Whether the server decides on plain acquires; `nil`: where it is far.
///   - body: Is given the database, the inventory, its source and the proxy.
/// - Throws: What `body` throws.
func withProxiedInventory(
    items: Int = 100,
    decidesItself: Bool? = nil,
    _ body: (TestDatabase, Inventory, SQLSource, PostgreSQLProxy) async throws -> Void
) async throws {
    try await withTestDatabase(.postgreSQL) { database in
        try await database.run(
            """
            CREATE TABLE \(database.prefix)item (
                id bigint PRIMARY KEY, item text, weight double precision
            );
            INSERT INTO \(database.prefix)item
            SELECT i, 'item ' || i, i FROM generate_series(1, \(items)) AS i;
            """
        )
        try await database.migrateUp()
        let (proxy, url) = try PostgreSQLProxy.before(database)
        defer { proxy.stop() }
        var configuration = Inventory.Configuration(
            store: database.configuration(decidesItself: decidesItself),
            worker: "worker"
        )
        configuration.auditsWhileWorking = false
        let inventory = try await Inventory.open(.postgres(url), configuration: configuration)
        let source = SQLSource(database.prefix + "item", uid: "id")
        try await body(database, inventory, source, proxy)
        await inventory.close()
    }
}
