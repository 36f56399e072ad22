/// Where the records of batches are written.
public protocol BatchSink: Sendable {
    /// What the sink is, for messages; without credentials.
    var name: String { get }

    /// What the sink promises beside an inventory.
    ///
    /// - Parameter store: The inventory's store.
    /// - Returns: The promise, and why it is no more than that.
    /// - Throws: The sink's failure.
    func promise(beside store: any InventoryStore) async throws -> SinkPromise
}
