/// Where the records of batches are written.
public protocol BatchSink: Sendable {
    /// The name of the sink, for messages; without credentials.
    var name: String { get }

    /// The promise that the sink gives beside an inventory.
    ///
    /// - Parameter store: The inventory's store.
    /// - Returns: The promise, and why it is no more than that.
    /// - Throws: The sink's failure.
    func promise(beside store: any InventoryStore) async throws -> SinkPromise
}
