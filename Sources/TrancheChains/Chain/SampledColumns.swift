import FoundationEssentials
package import Tranche
package import TrancheSQL

/// What the fields of some records hold, so that a table can be made for them.
package struct SampledColumns: Sendable {
    /// What a field holds.
    package struct Column: Sendable, Hashable {
        package var name: String
        /// What holds all its values; `nil` where it has none.
        package var kind: SQLColumnKind?
        /// Whether a double holds all its numbers without loss.
        package var fitsDouble = true
    }

    /// The fields, in the order in which they came.
    package private(set) var columns: [Column] = []
    /// Whether texts are looked at for what they spell, as those of CSV are.
    package var readsTexts = false
    private var places: [String: Int] = [:]

    package init() {}

    /// Takes fields that all records have.
    package mutating func add(_ fields: RecordFields?) {
        for name in fields?.names ?? [] { _ = place(of: name) }
    }

    mutating func add(_ records: [Record]) {
        for run in records.blockRuns {
            let known = run[run.startIndex].fields.names.map { place(of: $0) }
            for record in run {
                for (field, place) in known.enumerated() { note(record, field, place) }
            }
        }
    }

    /// Takes what was found out of other records.
    package mutating func add(_ other: SampledColumns) {
        for column in other.columns {
            let place = place(of: column.name)
            if let kind = column.kind { widen(place, by: kind, column.fitsDouble) }
        }
    }

    private mutating func place(of name: String) -> Int {
        if let place = places[name] { return place }
        places[name] = columns.count
        columns.append(Column(name: name))
        return columns.count - 1
    }

    private mutating func note(_ record: Record, _ field: Int, _ place: Int) {
        let cell = record.cell(field)
        guard cell.kind == .text, readsTexts else {
            guard let kind = SQLColumnKind(cell.kind) else { return }
            return widen(place, by: kind, cell.kind != .decimal)
        }
        // What is text already stays text.
        guard columns[place].kind != .text else { return }
        let spelt = SpeltKind(record.text(of: cell))
        widen(place, by: spelt.kind, spelt.fitsDouble)
    }

    private mutating func widen(_ place: Int, by kind: SQLColumnKind, _ fitsDouble: Bool) {
        columns[place].kind = columns[place].kind?.joined(with: kind) ?? kind
        columns[place].fitsDouble = columns[place].fitsDouble && fitsDouble
    }
}

/// What a text spells, as far as nothing of it would be lost: `007` is not a number, and `1e5`
/// neither.
private struct SpeltKind {
    var kind = SQLColumnKind.text
    var fitsDouble = true

    init(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            if let number = Self.number(bytes) {
                self = number
            } else if TextFormat.date.matches(bytes) {
                kind = .date
            } else if bytes.count > 10, TextFormat.dateTime.matches(bytes) {
                // With a zone alone: without one it is a time that nobody knows.
                kind = .timestamp
            }
        }
    }

    private init(_ kind: SQLColumnKind, fitsDouble: Bool) {
        (self.kind, self.fitsDouble) = (kind, fitsDouble)
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> SpeltKind? {
        var digits = bytes[...]
        if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
        let parts = digits.split(
            separator: UInt8(ascii: "."),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let areDigits = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0 &- 0x30 < 10 }
        }
        guard areDigits, let whole = parts.first,
            whole.count == 1 || whole.first != UInt8(ascii: "0")
        else { return nil }
        let fitsDouble = parts.reduce(0) { $0 + $1.count } <= 15
        if parts.count == 1, whole.count <= 18 {
            return SpeltKind(.integer, fitsDouble: fitsDouble)
        }
        return SpeltKind(.decimal, fitsDouble: fitsDouble)
    }
}

extension RecordSchema {
    /// What holds the values of a field that meet the schema; `nil` where it says neither type nor
    /// format.
    package func columnKind(of field: String) -> SQLColumnKind? {
        var known = FieldTypes(document)
        let root = document.target(of: document.root)
        // What cannot be told of a field is as nothing said.
        guard let schemas = try? known.schemas(for: field, in: root), !schemas.isEmpty else {
            return nil
        }
        var types = JSONTypes.all
        var formats: Set<TextFormat> = []
        for schema in schemas {
            types.formIntersection(known.types(of: schema))
            formats.formUnion(known.formats(of: schema))
        }
        // Such as all that `additionalProperties` is true for.
        if types == .all, formats.isEmpty { return nil }
        types.subtract(.null)
        if types == [.string] {
            if formats == [.dateTime] { return .timestamp }
            return formats == [.date] ? .date : .text
        }
        if types == [.integer] { return .integer }
        if types.isSubset(of: [.integer, .number]), !types.isEmpty { return .decimal }
        if types == [.boolean] { return .boolean }
        return types.isSubset(of: [.array, .object]) && !types.isEmpty ? .json : .text
    }
}

extension SinkChain {
    /// Whether the sink can make its table.
    package var makesTables: Bool { sink is any TableMakingSink }

    /// Refuses, before the sink's table is made, what would be refused once it is there: a promise
    /// that the sink does not give, and a place for rejects that is somebody else's.
    ///
    /// - Parameters:
    ///   - request: Names job and run.
    ///   - source: The source.
    ///   - inventory: The inventory.
    ///   - promise: The promise that is wanted.
    ///   - spansJob: Whether the run is a part of one job over several sources.
    /// - Throws: `TrancheError` `.promiseNotKept`, `.invalidArgument`; of the store.
    package func requireFree(
        for request: BatchRequest,
        of source: any MetaSource,
        beside inventory: Inventory,
        promise: DeliveryPromise,
        spansJob: Bool
    ) async throws {
        try await inventory.require(promise, of: sink)
        let key = RunKey(
            metaTable: source.definition.table,
            job: request.job,
            run: request.run
        )
        let run = SinkRun(key, in: inventory.store, spansJob: spansJob)
        for attachment in chain.attachments {
            try await attachment.prepare()
            // What it has to say is said when the run claims it.
            _ = try await attachment.claim(run)
        }
    }

    /// Makes the sink's table, for what records hold.
    ///
    /// - Parameters:
    ///   - columns: What the records' fields hold.
    ///   - fault: What is wrong with the first record that could not be read, in words.
    ///   - kinds: What is said of a field, which counts before what was found.
    ///   - inventory: The inventory that the sink is opened beside.
    ///   - isTrial: Whether to make nothing.
    /// - Returns: What is made; `nil` where the sink has no table.
    /// - Throws: `TrancheError` `.invalidArgument` where a table is there that does not hold them,
    ///   or has another key; of the database.
    package func makeTable(
        for columns: SampledColumns,
        fault: String? = nil,
        kinds: (String) -> SQLColumnKind?,
        beside inventory: Inventory,
        isTrial: Bool
    ) async throws -> MadeTable? {
        guard let sink = sink as? any TableMakingSink else { return nil }
        let wanted = columns.columns.map { column in
            let kind = kinds(column.name) ?? column.kind
            return NewColumn(
                name: column.name,
                kind: kind ?? .text,
                fitsDouble: column.fitsDouble,
                isKnown: kind != nil
            )
        }
        return try await sink.makeTable(
            wanted,
            fault: fault,
            beside: inventory.store,
            isTrial: isTrial
        )
    }
}
