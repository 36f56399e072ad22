public import Tranche
public import TrancheSQL

/// The objects of a bucket whose names begin alike, as a source of files.
///
/// ```swift
/// let files = ObjectListing("gs://shop/in/", table: "incoming_file")
/// for try await batch in inventory.batches(of: "import", from: files, weight: 1 << 30) { … }
/// ```
///
/// A listing has no order of arrival, so objects are registered in a table: the id is the number
/// under which an object was registered, the item its URL, the weight its size in bytes. An object
/// that was replaced is registered again. The table is made if it is not there; a program that
/// reads it as a `SQLSource` sees the same items. The prefix is listed whenever all that is
/// registered was handed out, and it is listed whole: parts that no longer change are better listed
/// apart.
public struct ObjectListing: MetaSourceDescription {
    /// The prefix of the objects' URLs, such as `gs://shop/in/`.
    public var prefix: String
    /// The table in which they are registered.
    public var table: String
    /// The table's database; the inventory's own with `nil`.
    public var database: SourceDatabase?
    private let configuration: ObjectStoreConfiguration?

    /// Describes a listing.
    ///
    /// - Parameters:
    ///   - prefix: What the objects' URLs begin with.
    ///   - table: The table in which they are registered: `table` or `schema.table`.
    ///   - database: The table's database; the inventory's own by default.
    ///   - configuration: How the store is reached; as the environment says by default.
    public init(
        _ prefix: String,
        table: String,
        in database: SourceDatabase? = nil,
        _ configuration: ObjectStoreConfiguration? = nil
    ) {
        self.prefix = prefix
        self.table = table
        self.database = database
        self.configuration = configuration
    }

    /// The result of a registration.
    public struct Registration: Sendable, Hashable {
        /// How many objects there are.
        public var found = 0
        /// How many of them are new.
        public var added = 0
        /// How many of the new ones replace one that was registered before.
        public var changed = 0
    }

    /// Lists the objects, and registers those that are new.
    ///
    /// - Parameters:
    ///   - store: The inventory's store, whose database is meant where none is named.
    ///   - isTrial: Whether only to count the new ones.
    ///   - onPage: Told after each page how far it came.
    /// - Returns: What it came to.
    /// - Throws: `TrancheError` `.invalidArgument`, `.invalidSource` (permanent),
    ///   `.sourceUnavailable` (transient).
    public func register(
        beside store: any InventoryStore,
        isTrial: Bool = false,
        onPage: (Registration) throws -> Void = { _ in }
    ) async throws -> Registration {
        let registry = try await ItemRegistry(
            table,
            in: database,
            beside: store,
            isTrial: isTrial
        )
        do {
            let done = try await register(in: registry, isTrial: isTrial, onPage: onPage)
            await registry.close()
            return done
        } catch {
            await registry.close()
            throw error
        }
    }

    func register(
        in registry: ItemRegistry,
        isTrial: Bool = false,
        onPage: (Registration) throws -> Void = { _ in }
    ) async throws -> Registration {
        let name = try ObjectName(prefix)
        let objects = try (configuration ?? .current).store(of: name)
        var done = Registration()
        var token: String?
        repeat {
            try Task.checkCancellation()
            let page = try await objects.list(name, after: token)
            // A name that ends in a slash stands for a folder.
            let entries = page.entries.filter { !$0.key.hasSuffix("/") }.map { entry in
                ItemRegistry.Entry(
                    item: name.object(entry.key).url,
                    weight: entry.size,
                    version: entry.tag
                )
            }
            let new = try await registry.register(entries, isTrial: isTrial)
            done.added += new.added
            done.changed += new.changed
            done.found += entries.count
            try onPage(done)
            token = page.next
        } while token != nil
        return done
    }

    /// Lists the objects, registers those that are new, and opens the table.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        let registry = try await ItemRegistry(table, in: database, beside: store)
        _ = try await register(in: registry)
        let source = try await SQLSource(table, in: database).open(beside: store)
        return ListedObjects(registered: source, listing: self, registry: registry)
    }
}

/// What is registered of a listing, listed again whenever all of it was handed out.
private struct ListedObjects: PlacedSource {
    let registered: any MetaSource
    let listing: ObjectListing
    let registry: ItemRegistry

    var definition: SourceDefinition { registered.definition }

    var place: String? { (registered as? any PlacedSource)?.place }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        let plan = try await registered.nextRange(
            after: cursor,
            within: bounds,
            limit: limit,
            batches: batches
        )
        guard plan.ranges.isEmpty, plan.reachedEnd else { return plan }
        guard try await listing.register(in: registry).added > 0 else { return plan }
        return try await registered.nextRange(
            after: cursor,
            within: bounds,
            limit: limit,
            batches: batches
        )
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await registered.items(in: range, limit: limit)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await registered.items(withIDs: ids)
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await registered.matchingItems(in: ranges, limit: limit)
    }

    func highestID() async throws -> Int64? {
        try await registered.highestID()
    }

    func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum] {
        try await registered.tallies(of: ranges)
    }
}
