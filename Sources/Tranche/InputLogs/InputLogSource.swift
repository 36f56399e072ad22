/// The log of an input, as a source: the events that it gave, each once.
///
/// ```swift
/// let uploads = InputLogSource("uploads")
/// let limit = BatchLimit.count(100)
/// let batch = try await inventory.acquireBatch(from: uploads, job: "thumbnails", limit: limit)
/// ```
///
/// The id of an item is the event's number, the payload the event as JSON. Events are numbered in
/// the order in which they were committed, so that none comes late.
public struct InputLogSource: MetaSourceDescription {
    /// The input's name; 1 to 128 UTF-8 bytes.
    public var name: String
    /// How old an event must be to be handed out, in time by the inventory's clock; 0 by default.
    ///
    /// It is not part of what tells one source from another.
    public var delay: Duration
    /// The number behind which the source begins; `nil` (the default) for the log's own beginning.
    public var after: Int64?
    /// Whether opening it makes the log where there is none; true by default.
    ///
    /// A log that somebody names, and no input of theirs, is to be there: a new one would stay
    /// empty.
    package var makesLog = true

    /// Describes a source.
    ///
    /// - Parameters:
    ///   - name: The input's name.
    ///   - delay: How old an event must be to be handed out.
    ///   - after: The number behind which the source begins.
    public init(_ name: String, delay: Duration = .zero, after: Int64? = nil) {
        self.name = name
        self.delay = delay
        self.after = after
    }

    /// The prefix of the source's name, before the input's.
    public static let prefix = "input:"

    /// Opens the source; the log is made where there is none, unless the source was named on a
    /// command line or in a description, where it must be there.
    ///
    /// - Parameter store: The inventory's store, which keeps the log.
    /// - Returns: The open source.
    /// - Throws: ``TrancheError`` `.invalidArgument` for a name that cannot be; `.invalidSource`
    ///   where there is no log and none is made.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try Self.validate(name: name)
        let record =
            makesLog
            ? try await store.beginLog(name) : try await Self.known(name, in: store)
        return InputLogMetaSource(
            log: record.name,
            delay: delay,
            after: after,
            store: store,
            identity: try await store.identity()
        )
    }

    package static func validate(name: String) throws {
        guard (1...128).contains(name.utf8.count), !name.utf8.contains(0) else {
            throw TrancheError(.invalidArgument, "a name of an input has 1 to 128 bytes, no NUL")
        }
    }

    /// Finds a log that is to be there.
    ///
    /// - Throws: ``TrancheError`` `.invalidSource` where there is none, with what there is.
    @discardableResult
    package static func known(
        _ log: String,
        in store: any InventoryStore
    ) async throws -> InputLogRecord {
        if let record = try await store.inputLog(log) { return record }
        let names = try await store.inputLogs().map(\.name)
        let nearest = NearestName(names).to(log).map { "did you mean '\($0)'? " } ?? ""
        throw TrancheError(
            .invalidSource,
            "there is no log of an input '\(log)' in \(store.name); \(nearest)'tranche input list' "
                + "lists what there is. The log of an input of type postgresql is in the database "
                + "of its tables: give --meta-db URL --meta tranche.event_\(log) --uid id"
        )
    }

    /// Says that there is no log of a name.
    package static func noLog(_ log: String, in store: String) -> TrancheError {
        TrancheError(
            .invalidSource,
            "there is no input '\(log)' in \(store); 'tranche input list' lists what there is"
        )
    }
}

extension InputLogSource {
    /// Describes the source that a recorded definition means; `nil` when that is none of an
    /// input's.
    package init?(_ definition: SourceDefinition) {
        guard definition.table.hasPrefix(Self.prefix), definition.uid == InputLogMetaSource.uid
        else { return nil }
        self.init(
            String(definition.table.dropFirst(Self.prefix.count)),
            after: definition.filter.flatMap { Int64($0.dropFirst(Self.afterMark.count)) }
        )
    }

    /// What stands before the number behind which a source begins in a definition's filter.
    static let afterMark = "event > "
}
