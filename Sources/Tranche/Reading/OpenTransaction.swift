public import FoundationEssentials

/// A transaction that is open in the inventory's database.
///
/// While it is, the server keeps the dead versions of all rows, and what reads or changes many of
/// them becomes slower.
public struct OpenTransaction: Sendable, Hashable {
    /// When it began.
    public var since: Date
    /// The server's process that runs it.
    public var process: Int
    /// The user whose transaction it is; empty where that may not be known.
    public var user: String
    /// The application name of the client; empty if it has none.
    public var application: String

    /// Makes a description of a transaction.
    public init(since: Date, process: Int, user: String, application: String) {
        self.since = since
        self.process = process
        self.user = user
        self.application = application
    }
}

extension Inventory {
    /// Finds the transaction of others that has been open for longest.
    ///
    /// - Parameter duration: How long it must have been open; a minute by default.
    /// - Returns: The transaction; `nil` where there is none, or the database does not show it.
    /// - Throws: ``TrancheError`` of the store.
    public func oldestTransaction(
        openFor duration: Duration = .seconds(60)
    ) async throws -> OpenTransaction? {
        try await retrying { _ in try await store.oldestTransaction(openFor: duration) }
    }
}
