/// Where an inventory is, such as `.sqlite("inventory.db")`.
///
/// The modules of the databases add the ways to make one.
public struct InventoryLocation: Sendable {
    /// The name of the location, for messages; without credentials.
    public let name: String
    private let opener: @Sendable (StoreConfiguration) async throws -> any InventoryStore

    /// Makes a location.
    ///
    /// - Parameters:
    ///   - name: What it is, without credentials.
    ///   - open: Opens the store.
    public init(
        name: String,
        open: @escaping @Sendable (StoreConfiguration) async throws -> any InventoryStore
    ) {
        self.name = name
        self.opener = open
    }

    /// Opens the store.
    public func open(_ configuration: StoreConfiguration) async throws -> any InventoryStore {
        try await opener(configuration)
    }
}
