/// The items of a batch, ascending by id, read in steps as they are asked for.
public struct BatchItems: AsyncSequence, Sendable {
    /// Most items read in one step.
    static let pageSize = 4096

    private enum Origin {
        case read([Item])
        case ids(IDRuns, Reader)
        case range(ClosedRange<Int64>, Reader)
    }

    /// Reads from the source, again where it goes away for a while.
    private struct Reader: Sendable {
        let source: any MetaSource
        let inventory: Inventory
        /// For how long to try again; as long as requests are by default.
        let limit: Duration?

        func read(
            _ body: (any MetaSource) async throws -> [Item]
        ) async throws -> [Item] {
            try await inventory.retrying(within: limit) { _ in try await body(source) }
        }
    }

    private let origin: Origin

    init(read items: [Item]) {
        origin = .read(items)
    }

    init(
        record: BatchRecord,
        source: any MetaSource,
        inventory: Inventory,
        within limit: Duration? = nil
    ) {
        let source = Reader(source: source, inventory: inventory, limit: limit)
        if let ids = record.ids {
            origin = .ids(ids, source)
        } else {
            // An adopted row does not know its ids: the range says it all.
            origin = .range(record.range, source)
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        switch origin {
        case .read(let items):
            Iterator(items: items, next: { nil })
        case .ids(let ids, let source):
            Iterator(items: [], next: Self.reader(of: ids, from: source))
        case .range(let range, let source):
            Iterator(items: [], next: Self.reader(of: range, from: source))
        }
    }

    private static func reader(
        of ids: IDRuns,
        from source: Reader
    ) -> () async throws -> [Item]? {
        var pages = Array(ids.pages(of: pageSize)).makeIterator()
        var reading: RangeReading?
        return {
            // What appeared in a range since belongs to a gap, not to this batch.
            if let items = try await read(&reading, from: source) {
                return items.filter { ids.contains($0.id) }
            }
            switch pages.next() {
            case .range(let range):
                reading = RangeReading(range, size: 2 * pageSize)
                return try await read(&reading, from: source)?.filter { ids.contains($0.id) }
            case .list(let list):
                return try await source.read { try await $0.items(withIDs: list) }
            case nil: return nil
            }
        }
    }

    private static func reader(
        of range: ClosedRange<Int64>,
        from source: Reader
    ) -> () async throws -> [Item]? {
        if source.source.isSeamless { return seamlessReader(of: range, from: source) }
        var reading: RangeReading? = RangeReading(range, size: pageSize)
        return { try await read(&reading, from: source) }
    }

    private static func read(
        _ reading: inout RangeReading?,
        from source: Reader
    ) async throws -> [Item]? {
        try await reading?.next(
            { range, limit in try await source.read { try await $0.items(in: range, limit: limit) }
            },
            id: { $0.id }
        )
    }

    private static func seamlessReader(
        of range: ClosedRange<Int64>,
        from source: Reader
    ) -> () async throws -> [Item]? {
        var left: ClosedRange<Int64>? = range
        return {
            guard let range = left else { return nil }
            let items = try await source.read { try await $0.items(in: range, limit: pageSize) }
            left = nil
            if let last = items.last, items.count == pageSize {
                let next = last.id.addingClamped(Swift.max(1, last.weight.nearestInteger))
                if next > last.id, next <= range.upperBound { left = next...range.upperBound }
            }
            return items
        }
    }

    /// Reads the items.
    public struct Iterator: AsyncIteratorProtocol {
        private var items: [Item]
        private var position = 0
        private let next: () async throws -> [Item]?

        init(items: [Item], next: @escaping () async throws -> [Item]?) {
            self.items = items
            self.next = next
        }

        /// Reads the next item; `nil` after the last.
        public mutating func next() async throws -> Item? {
            while position == items.count {
                try Task.checkCancellation()
                guard let page = try await next() else { return nil }
                items = page
                position = 0
            }
            defer { position += 1 }
            return items[position]
        }
    }
}

@available(*, unavailable)
extension BatchItems.Iterator: Sendable {}
