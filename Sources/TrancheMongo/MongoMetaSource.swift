import Tranche

/// A collection, open for reading.
struct MongoMetaSource: RecordMetaSource {
    /// Documents read at once.
    private static let page = 500
    /// Documents looked at in one request to plan.
    private static let window = 5000

    let definition: SourceDefinition
    private let source: MongoSource
    let connections: MongoConnections

    /// Each document says its own.
    var fields: RecordFields? { nil }

    init(_ source: MongoSource) async throws {
        self.source = source
        connections = MongoConnections(source.location, use: .source)
        let set = try await connections.lend { connection in
            try await Self.check(source, connection)
        }
        definition = SourceDefinition(
            database: "MongoDB \(set ?? source.location.hosts), \(source.location.database)",
            table: source.location.recordedName,
            uid: source.uid,
            item: source.item,
            weight: source.weight,
            filter: source.filter
        )
    }

    var risks: [SourceRisk] {
        [
            SourceRisk(
                "no-lock",
                "no lock of MongoDB tells who has drawn a number and not yet written its document: what "
                    + "comes late is found by looks at gaps and by audits"
            )
        ]
    }

    /// Finds faults of the field and its index.
    ///
    /// - Returns: The replica set's name, where there is one.
    private static func check(
        _ source: MongoSource,
        _ connection: MongoConnection
    ) async throws -> String? {
        let hello = try await connection.run("{\"hello\": 1}")
        if source.uid != "_id" {
            let keys = try await connection.uniqueKeys()
            guard keys.contains([source.uid]) else {
                throw TrancheError(
                    .invalidSource,
                    "no unique index of \(source.location.name) is on '\(source.uid)', the field of the id. "
                        + "Make one: db.\(source.location.collection).createIndex("
                        + "{\(jsonText(source.uid)): 1}, {unique: true, partialFilterExpression: "
                        + "{\(jsonText(source.uid)): {$type: \"number\"}}})",
                    field: ["uid"]
                )
            }
        }
        if let filter = source.filter {
            var query = MongoQuery(conditions: [filter], order: source.uid, limit: 1)
            query.fields = [source.uid]
            do {
                _ = try await connection.find(query)
            } catch let error as MongoError where error.category == .permanent {
                throw TrancheError(
                    .invalidSource,
                    "the filter of \(source.location.name) cannot be used: \(error.message)",
                    field: ["where"],
                    underlying: error
                )
            }
        }
        return hello.setName
    }

    // MARK: - Planning

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        // The payload is read when it is asked for: to plan, two fields are enough.
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches, keptItems: 0)
        var size = 500
        while true {
            guard let lower = IDBounds.firstID(after: planner.position, in: bounds) else {
                return planner.finish(reachedEnd: true)
            }
            let range = lower...max(lower, bounds.upper ?? .max)
            let found = try await find(
                [condition(range)],
                fields: [source.uid] + (source.weight.map { [$0] } ?? []),
                limit: size
            )
            for document in found where try !planner.offer(item(document)) {
                return planner.finish(reachedEnd: false)
            }
            if found.count < size { return planner.finish(reachedEnd: true) }
            size = Self.window
        }
    }

    func highestID() async throws -> Int64? {
        var query = MongoQuery(
            conditions: [Self.isNumber(source.uid)],
            order: source.uid,
            limit: 1
        )
        query.isDescending = true
        query.fields = [source.uid]
        let asked = query
        return try await connections.lend { try await $0.find(asked) }.first.map { try id($0) }
    }

    // MARK: - Reading

    func records(
        of batch: BatchRecord,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        guard let ids = batch.ids else {
            throw TrancheError(
                .invalidSource,
                "batch \(batch.id) does not know its ids, and \(definition.table) cannot tell them"
            )
        }
        var pages = Array(ids.pages(of: Self.page)).makeIterator()
        return ChunkReader {
            guard let page = pages.next() else { return nil }
            return try records(try await documents(page, ids), onFault)
        }
    }

    private func documents(_ page: IDRuns.Page, _ ids: IDRuns) async throws -> [MongoDocument] {
        switch page {
        case .range(let range):
            // What appeared in the range since belongs to a gap, not to this batch.
            let found = try await find(
                [condition(range)],
                isFiltered: false,
                limit: 2 * Self.page
            )
            return try found.filter { ids.contains(try id($0)) }
        case .list(let list):
            return try await find(
                [condition(isAmong: list)],
                isFiltered: false,
                limit: Self.page
            )
        }
    }

    /// Makes records; those that follow each other with the same fields share them.
    private func records(
        _ documents: [MongoDocument],
        _ onFault: (RecordFault) throws -> Void
    ) throws -> [Record] {
        var records: [Record] = []
        var builder: RecordBlockBuilder?
        for document in documents {
            let id = try id(document)
            if builder?.fields.areSpelt(document.names) != true || builder?.isFull == true {
                records += builder?.build().records ?? []
                builder = nil
                do {
                    builder = RecordBlockBuilder(try Self.fields(of: document))
                } catch let error as TrancheError {
                    let fault = FieldError(message: error.message)
                    try onFault(RecordFault(id: id, errors: [fault], input: ""))
                    continue
                }
            }
            builder?.add(id, inputs: document.inputs)
        }
        return records + (builder?.build().records ?? [])
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await items([condition(range)], isFiltered: false, limit: limit)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        var items: [Item] = []
        var rest = ids[...]
        while !rest.isEmpty {
            let page = Array(rest.prefix(Self.page))
            items += try await self.items(
                [condition(isAmong: page)],
                isFiltered: false,
                limit: page.count
            )
            rest = rest.dropFirst(Self.page)
        }
        return items
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        var items: [Item] = []
        var rest = ranges[...]
        while !rest.isEmpty, items.count < limit {
            let page = rest.prefix(200).map(condition)
            items += try await self.items(
                ["{\"$or\": [\(page.joined(separator: ", "))]}"],
                isFiltered: true,
                limit: limit - items.count
            )
            rest = rest.dropFirst(200)
        }
        return items
    }

    private func items(
        _ conditions: [String],
        isFiltered: Bool,
        limit: Int
    ) async throws -> [Item] {
        let names = source.item.map { [source.uid, $0] + (source.weight.map { [$0] } ?? []) }
        let found = try await find(
            conditions,
            fields: names,
            isFiltered: isFiltered,
            limit: limit
        )
        return try found.map { document in
            let plain = try item(document)
            return Item(
                id: plain.id,
                item: try payload(document),
                weight: plain.weight,
                holdsJSON: holdsJSON(document)
            )
        }
    }

    /// Whether the payload is an array or a document.
    private func holdsJSON(_ document: MongoDocument) -> Bool {
        guard let name = source.item else { return true }
        if case .json = document[name] { return true }
        return false
    }

    private func payload(_ document: MongoDocument) throws -> Value {
        if let name = source.item {
            return switch document[name] {
            case .value(let value): value
            case .timestamp(let time): .text(RecordTime.text(microseconds: time))
            case .json(let bytes), .decimal(let bytes):
                .text(String(decoding: bytes, as: UTF8.self))
            case nil: .null
            }
        }
        var builder = RecordBlockBuilder(try Self.fields(of: document))
        builder.add(try id(document), inputs: document.inputs)
        var bytes: [UInt8] = []
        for record in builder.build().records { record.appendJSON(to: &bytes) }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// A document's fields; one of them may have no name.
    private static func fields(of document: MongoDocument) throws -> RecordFields {
        try RecordFields(document.names, mayHaveEmpty: true)
    }

    private func item(_ document: MongoDocument) throws -> Item {
        let id = try id(document)
        guard let name = source.weight else { return Item(id: id) }
        switch document[name] {
        case nil, .value(.null): return Item(id: id)
        default:
            guard let weight = document.number(name) else {
                throw TrancheError(
                    .invalidItem,
                    "the weight '\(name)' of \(source.uid) \(id) in \(source.location.name) is "
                        + "not a number"
                )
            }
            return Item(id: id, weight: weight)
        }
    }

    private func id(_ document: MongoDocument) throws -> Int64 {
        guard let id = document.integer(source.uid) else {
            throw TrancheError(
                .invalidItem,
                "'\(source.uid)' of a document in \(source.location.name) is not a whole number"
            )
        }
        return id
    }

    // MARK: - Questions

    private func find(
        _ conditions: [String],
        fields: [String]? = nil,
        isFiltered: Bool = true,
        limit: Int
    ) async throws -> [MongoDocument] {
        let filter = isFiltered ? source.filter.map { [$0] } ?? [] : []
        var query = MongoQuery(conditions: conditions + filter, order: source.uid, limit: limit)
        query.fields = fields
        let asked = query
        return try await connections.lend { try await $0.find(asked) }
    }

    private func condition(_ range: ClosedRange<Int64>) -> String {
        let (lower, upper) = (Self.long(range.lowerBound), Self.long(range.upperBound))
        return "{\(jsonText(source.uid)): {\"$gte\": \(lower), \"$lte\": \(upper)}}"
    }

    private func condition(isAmong ids: [Int64]) -> String {
        "{\(jsonText(source.uid)): {\"$in\": [\(ids.map(Self.long).joined(separator: ", "))]}}"
    }

    private static func long(_ number: Int64) -> String { "{\"$numberLong\": \"\(number)\"}" }

    private static func isNumber(_ field: String) -> String {
        "{\(jsonText(field)): {\"$type\": \"number\"}}"
    }
}
