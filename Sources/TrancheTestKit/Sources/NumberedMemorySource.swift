import Synchronization
public import Tranche

/// A source in memory whose uids are texts: each gets a number when it is found.
///
/// It is the plain model of what sources in databases do with a registry.
public final class NumberedMemorySource: NumberedSource {
    /// What the source is.
    public let definition: SourceDefinition
    private let state: Mutex<State>

    private struct State {
        /// The uids of the entries.
        var entries: Set<ExactText>
        /// The uids that have a number, in its order.
        var numbered: [ExactText] = []

        /// Numbers what has none, in order of the uids.
        mutating func number() {
            let known = Set(numbered)
            numbered += entries.subtracting(known).sorted { $0.text < $1.text }
        }

        /// The entries that have a number, ascending.
        var items: [Item] {
            numbered.enumerated().compactMap { place, uid in
                guard entries.contains(uid) else { return nil }
                let item = Value.text("item \(uid.text)")
                return Item(id: Int64(place + 1), item: item, weight: 1, uid: uid.text)
            }
        }
    }

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - table: Its name.
    ///   - uids: The uids of its entries.
    public init(_ table: String, uids: [String]) {
        definition = SourceDefinition(
            database: "memory",
            table: table,
            uid: "uid",
            item: "item",
            weight: "weight",
            numbering: "text"
        )
        state = Mutex(State(entries: Set(uids.map(ExactText.init))))
    }

    /// Uids are numbered.
    public var isNumbered: Bool { true }

    /// Every number is given to what is there, so that none appears behind another.
    public var promise: SourcePromise { .settled }

    /// Finds the numbers of uids.
    public func ids(ofUIDs uids: [String]) async throws -> [Int64?] {
        let numbered = state.withLock { $0.numbered }
        return uids.map { uid in
            numbered.firstIndex(of: ExactText(uid)).map { Int64($0 + 1) }
        }
    }

    /// Finds the uids of numbers.
    public func uids(ofIDs ids: [Int64]) async throws -> [Int64: String] {
        let numbered = state.withLock { $0.numbered }
        var found: [Int64: String] = [:]
        for id in ids where id >= 1 && id <= numbered.count {
            found[id] = numbered[Int(id) - 1].text
        }
        return found
    }

    /// Numbers what has no number, and plans the next ranges.
    public func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        let items = state.withLock { state in
            state.number()
            return state.items
        }
        for item in items where bounds.contains(item.id) && item.id > cursor ?? .min {
            if try !planner.offer(item) { return planner.finish(reachedEnd: false) }
        }
        return planner.finish(reachedEnd: true)
    }

    private var items: [Item] { state.withLock { $0.items } }

    /// Reads the entries of a range of numbers.
    public func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        Array(items.filter { range.contains($0.id) }.prefix(limit))
    }

    /// Reads the entries with given numbers.
    public func items(withIDs ids: [Int64]) async throws -> [Item] {
        let wanted = Set(ids)
        return items.filter { wanted.contains($0.id) }
    }

    /// Returns the highest number that was given.
    public func highestID() async throws -> Int64? {
        let count = state.withLock { $0.numbered.count }
        return count == 0 ? nil : Int64(count)
    }

    /// Reads the entries of ranges of numbers.
    public func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await unfilteredItems(in: ranges, limit: limit)
    }
}

extension NumberedMemorySource: ConformanceUIDSource, MetaSourceDescription {
    /// Returns the source itself.
    public func describe() -> any MetaSourceDescription { self }

    /// Adds entries.
    public func insert(_ uids: [String]) async throws {
        state.withLock { $0.entries.formUnion(uids.map(ExactText.init)) }
    }

    /// Removes entries.
    public func delete(_ uids: [String]) async throws {
        state.withLock { $0.entries.subtract(uids.map(ExactText.init)) }
    }

    /// Returns the source itself.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource { self }

    /// Whether two are the same source.
    public static func == (lhs: NumberedMemorySource, rhs: NumberedMemorySource) -> Bool {
        lhs === rhs
    }

    /// Hashes the source's identity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}
