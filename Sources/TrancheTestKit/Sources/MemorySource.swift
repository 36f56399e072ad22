import Foundation
import Synchronization
public import Tranche

/// A meta source in memory, whose entries a test may change at any time.
///
/// It is its own description: `inventory.acquireBatch(from: source, job: "job")`.
public final class MemorySource: MetaSource {
    /// The definition of the source; its database is `memory:` and the name.
    public let definition: SourceDefinition
    private let entries: Entries
    private let filter: SourceFilter?
    private let patience: Int
    private let times: TimeReader?

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - name: The source's name, and its table's.
    ///   - items: The entries, in any order, each id once.
    ///   - hasWeights: Whether weights count; without, all are 0.
    ///   - filter: The condition that entries must meet; `nil` (the default) for none.
    ///   - hasKeys: Whether the payload, in text form, is the key at whose borders batches are cut;
    ///     false by default.
    ///   - patience: Left-out entries in a row after which a plan gives up; above 0.
    public convenience init(
        _ name: String = "items",
        items: [Item] = [],
        hasWeights: Bool = true,
        filter: SourceFilter? = nil,
        hasKeys: Bool = false,
        patience: Int = 1000
    ) {
        self.init(
            name,
            Entries(items),
            hasWeights: hasWeights,
            filter: filter,
            hasKeys: hasKeys,
            patience: patience
        )
    }

    private init(
        _ name: String,
        _ entries: Entries,
        hasWeights: Bool,
        filter: SourceFilter?,
        hasKeys: Bool,
        times: TimeReader? = nil,
        patience: Int
    ) {
        definition = SourceDefinition(
            database: "memory:\(name)",
            table: name,
            uid: "id",
            item: "item",
            weight: hasWeights ? "weight" : nil,
            filter: filter?.sql,
            key: hasKeys ? "item" : nil,
            time: times?.time
        )
        self.entries = entries
        self.filter = filter
        self.times = times
        self.patience = patience
    }

    /// Returns another source over the same entries, under the same name.
    public func view(
        hasWeights: Bool = true,
        filter: SourceFilter? = nil,
        hasKeys: Bool = false
    ) -> MemorySource {
        MemorySource(
            definition.table,
            entries,
            hasWeights: hasWeights,
            filter: filter,
            hasKeys: hasKeys,
            patience: patience
        )
    }

    /// Returns another source over the same entries, under the same name, without weights: these
    /// are the times.
    ///
    /// - Parameter time: How the column `weight` is read, as seconds or milliseconds, and the
    ///   bounds: both ends, or none.
    /// - Returns: The source.
    /// - Throws: `TrancheError` `.invalidArgument` for a zone that is not known.
    public func view(by time: SourceTime) throws -> MemorySource {
        MemorySource(
            definition.table,
            entries,
            hasWeights: false,
            filter: filter,
            hasKeys: false,
            times: try TimeReader(time),
            patience: patience
        )
    }

    /// The entries, ascending, filter or not.
    public var items: [Item] { entries.items.withLock { $0 } }

    /// Adds entries; one with an id that is there replaces what was there.
    public func insert(_ items: [Item]) {
        entries.insert(items)
    }

    /// Removes the entries with these ids.
    public func delete(_ ids: [Int64]) {
        entries.items.withLock { $0.removeAll { ids.contains($0.id) } }
    }

    /// Plans the next ranges; see `MetaSource`.
    public func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        var leftOut = 0
        for item in seen where bounds.contains(item.id) {
            if let cursor, item.id <= cursor { continue }
            if !isMeant(item) {
                planner.passOver(to: item.id)
                leftOut += 1
                if leftOut >= patience, !planner.isOpen { return planner.finish(reachedEnd: false) }
                continue
            }
            leftOut = 0
            if try !planner.offer(item) { return planner.finish(reachedEnd: false) }
        }
        return planner.finish(reachedEnd: true)
    }

    /// Reads the entries of a range of ids, filter or not.
    public func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        Array(seen.filter { range.contains($0.id) }.prefix(limit))
    }

    /// Reads the entries with given ids, filter or not.
    public func items(withIDs ids: [Int64]) async throws -> [Item] {
        let wanted = Set(ids)
        return seen.filter { wanted.contains($0.id) }
    }

    /// Returns the highest id, filter or not; `nil` when there is no entry.
    public func highestID() async throws -> Int64? {
        items.last?.id
    }

    /// Reads the entries of ranges that meet the filter.
    public func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        let wanted = seen.filter { item in ranges.contains { $0.contains(item.id) } }
        return Array(wanted.filter { isMeant($0) }.prefix(limit))
    }

    /// Whether an entry meets the filter, and lies within the bounds of time.
    private func isMeant(_ item: Item) -> Bool {
        guard filter?.admits(item) ?? true else { return false }
        return times == nil || times?.time.isBounded == false || item.interval != nil
    }

    /// The entries as the definition has them: without the weight where it names no column, and
    /// with the key where it does.
    private var seen: [Item] {
        let (hasWeights, hasKeys) = (definition.weight != nil, definition.key != nil)
        if let times { return items.map { timed($0, times) } }
        if hasWeights, !hasKeys { return items }
        return items.map { item in
            let key = hasKeys ? item.item.text : nil
            return Item(
                id: item.id,
                item: item.item,
                weight: hasWeights ? item.weight : 0,
                key: key
            )
        }
    }

    /// An entry whose weight is its time: with an interval if it lies within the bounds.
    private func timed(_ item: Item, _ times: TimeReader) -> Item {
        let moment = times.moment(of: .real(item.weight)).flatMap {
            times.isWithin($0) ? $0 : nil
        }
        return Item(id: item.id, item: item.item, interval: moment.flatMap(times.interval))
    }

    /// What views of one source have in common.
    private final class Entries: Sendable {
        /// Ascending by id.
        let items = Mutex<[Item]>([])

        init(_ items: [Item]) {
            insert(items)
        }

        func insert(_ new: [Item]) {
            items.withLock { items in
                let replaced = Set(new.map(\.id))
                items.removeAll { replaced.contains($0.id) }
                items = (items + new).sorted { $0.id < $1.id }
            }
        }
    }
}

extension MemorySource: MetaSourceDescription {
    /// Returns the source itself.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        self
    }

    /// Whether two are the same source.
    public static func == (lhs: MemorySource, rhs: MemorySource) -> Bool {
        lhs === rhs
    }

    /// Hashes the source's identity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}

extension MemorySource: TimedSource {
    package func timedIDs() async throws -> TimedIDs {
        let ids = seen.filter(isMeant).map(\.id)
        guard let first = ids.first, let last = ids.last else {
            return TimedIDs(ids: nil, hasIndex: true)
        }
        return TimedIDs(ids: first...last, hasIndex: true)
    }
}

extension MemorySource: IdentifiedSource {
    /// Reads the mark: the source is the same for as long as it is there.
    public func mark() async throws -> String? { definition.database }

    /// Compares the marks.
    public func compare(
        mark: String,
        with known: SourceIdentity,
        passed cursor: Int64?
    ) async throws -> SourceComparison {
        mark == known.mark ? .same : .another("is \(mark) instead of \(known.mark)")
    }
}
