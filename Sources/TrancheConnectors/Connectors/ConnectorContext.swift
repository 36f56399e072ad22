/// The parts of a source, sink or database that its ``Spec`` does not have.
public struct ConnectorContext: Sendable {
    /// The credentials for connections.
    public var credentials: Credentials
    /// The database of tables for which none is named; the inventory's own with `nil`, the default.
    public var database: DatabaseSpec?
    /// Called with a sentence about each thing that a sink leaves out or changes; does nothing by
    /// default.
    public var note: @Sendable (String) -> Void
    /// The connectors that are asked, for those that need one another's.
    public internal(set) var connectors = Connectors([])

    /// Makes a context.
    public init(
        credentials: Credentials = Credentials(),
        database: DatabaseSpec? = nil,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.credentials = credentials
        self.database = database
        self.note = note
    }
}
