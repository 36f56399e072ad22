/// What belongs to a source, sink or database and is no part of its ``Spec``.
public struct ConnectorContext: Sendable {
    /// Who connects.
    public var credentials: Credentials
    /// The database of tables for which none is named; the inventory's own with `nil`, the default.
    public var database: DatabaseSpec?
    /// Told in words what a sink leaves out or changes; nothing is done with them by default.
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
