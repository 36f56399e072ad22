/// A store that tells at next to no cost that nothing has changed.
package protocol ChangeMarkStore: InventoryStore {
    /// A text that is the same as long as nobody has changed anything.
    ///
    /// It may differ without a change of the inventory, as by one in another table of its database.
    ///
    /// - Returns: The mark; `nil` where the database tells nothing.
    /// - Throws: ``TrancheError`` of the store.
    func changeMark() async throws -> String?
}

extension Inventory {
    /// A text that is the same as long as nobody has changed anything; `nil` where the store tells
    /// nothing.
    package func changeMark() async throws -> String? {
        try await (store as? any ChangeMarkStore)?.changeMark()
    }
}
