public import FoundationEssentials

/// How a store is opened.
public struct StoreConfiguration: Sendable {
    /// The inventory table's name; its companions are named after it.
    ///
    /// `inventory` by default.
    public var table: String
    /// The schema of the tables; `nil` (the default) for the database's own default.
    ///
    /// PostgreSQL only.
    public var schema: String?
    /// The action when the tables are missing.
    public var missingSchema: MissingSchema
    /// How long a request waits for a lock before it fails as busy; 30 s by default.
    public var lockTimeout: Duration
    /// Most connections to a server; 8 by default; at least 1.
    public var maxConnections: Int
    /// The clock for leases and retries; `nil` (the default) for the database's own.
    public var now: (@Sendable () -> Date)?
    /// Whether a database that can decides on plain acquires by itself, which saves a round trip
    /// and costs it more work; `nil`: where a round trip takes longer than that.
    package var decidesItself: Bool?

    /// Makes a configuration.
    public init(
        table: String = "inventory",
        schema: String? = nil,
        missingSchema: MissingSchema = .create,
        lockTimeout: Duration = .seconds(30),
        maxConnections: Int = 8,
        now: (@Sendable () -> Date)? = nil
    ) {
        self.table = table
        self.schema = schema
        self.missingSchema = missingSchema
        self.lockTimeout = lockTimeout
        self.maxConnections = maxConnections
        self.now = now
    }

    /// An action when the inventory's tables are missing.
    public enum MissingSchema: Sendable, Hashable {
        /// Make them, and a SQLite file with them. Older tables are never changed.
        case create
        /// Fail, and say which command makes them.
        case refuse
    }
}
