import Tranche

/// What is known of the inventory whose batches are told of.
struct LineageInventory: Sendable, Hashable {
    /// What identifies it, the same for all processes as far as that is known.
    var identity: String
    /// Its database's name, without credentials.
    var place: String
    /// The table's name, behind its schema where one was given.
    var table: String

    /// Takes an inventory of which nothing but the name is known.
    init(named name: String) {
        (identity, place, table) = (name, name, "inventory")
    }

    /// Asks an inventory.
    ///
    /// - Throws: The store's failure.
    init(_ inventory: Inventory) async throws {
        let store = inventory.configuration.store
        identity = try await inventory.store.identity()
        place = inventory.store.name
        table = (store.schema.map { "\($0)." } ?? "") + store.table
    }
}
