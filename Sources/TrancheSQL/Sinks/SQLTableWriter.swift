import Tranche

/// Loads the records of one batch.
final class SQLTableWriter: RecordWriter {
    /// Why a batch is to be written once more.
    enum Trouble {
        /// The database has refused rows, and does not say all.
        case rowRefused(TrancheError)
        /// Columns are to be added.
        case columnsMissing([(name: String, kind: SQLColumnKind)])
    }

    private let transaction: SQLTransaction
    private let name: SQLTableName
    private let columns: SQLTableColumns
    private let isCareful: Bool
    private let onTrouble: (Trouble) -> SinkPassNeeded
    /// The fields that are loaded now.
    private var target: RecordFields?
    /// The fields that others go along with.
    private var base: RecordFields?
    private var answers: [RecordFields: SQLTableColumns.Answer] = [:]
    /// What the columns must hold that are to be added, as far as it is known; nothing is loaded
    /// any more then.
    private var missing: [String: SQLColumnKind] = [:]
    /// Their names, as they came.
    private var order: [String] = []
    private var isScanning = false
    private var refused: [RefusedRecord] = []
    private var counters = Counters(["rows_written": 0])

    init(
        transaction: SQLTransaction,
        name: SQLTableName,
        columns: SQLTableColumns,
        isCareful: Bool,
        onTrouble: @escaping (Trouble) -> SinkPassNeeded
    ) {
        self.transaction = transaction
        self.name = name
        self.columns = columns
        self.isCareful = isCareful
        self.onTrouble = onTrouble
        if columns.unknownFields == .drop { counters.add(0, to: "fields_dropped") }
    }

    func write(_ records: [Record]) async throws {
        var parts: [(target: RecordFields, records: [Record])] = []
        // Where no row is replaced twice, nobody sees in which order rows came.
        var isOrdered: Bool?
        var start = 0
        while start < records.count {
            let own = records[start].fields
            let end = records[start...].firstIndex { $0.fields != own } ?? records.count
            let isWhole = start == 0 && end == records.count
            let run = isWhole ? records : Array(records[start..<end])
            start = end
            switch answer(for: own) {
            case .load(let shape):
                if shape.dropped > 0 {
                    counters.add(shape.dropped * run.count, to: "fields_dropped")
                }
                let shaped = shape.shaped(run)
                guard let place = parts.lastIndex(where: { $0.target == shape.target }) else {
                    parts.append((shape.target, shaped))
                    continue
                }
                if place < parts.count - 1 {
                    isOrdered = isOrdered ?? columns.mayRepeatKeys(in: records)
                }
                if isOrdered == true, place < parts.count - 1 {
                    parts.append((shape.target, shaped))
                } else {
                    parts[place].records += shaped
                }
            case .refuse(let field, let message):
                refused += run.map { record in
                    let input = field.flatMap { record.text($0) }
                    return RefusedRecord(record, field: field, message, input: input)
                }
            case .add(let names): note(names, of: run)
            }
        }
        if isScanning { return }
        for part in parts { try await load(part.records, as: part.target) }
    }

    /// What becomes of records of some fields.
    private func answer(for fields: RecordFields) -> SQLTableColumns.Answer {
        if let known = answers[fields] {
            guard case .load(let shape) = known, let base, shape.target != base else {
                return known
            }
        }
        let answer = columns.answer(for: fields, base: base)
        answers[fields] = answer
        if case .load(let shape) = answer { base = shape.target }
        return answer
    }

    /// Notes what columns must hold that the table lacks.
    private func note(_ names: [String], of records: [Record]) {
        isScanning = true
        for name in names {
            guard let place = records.first?.fields.place(of: name) else { continue }
            if !order.contains(name) { order.append(name) }
            for record in records {
                guard let kind = SQLColumnKind(record.cell(place).kind) else { continue }
                missing[name] = missing[name]?.joined(with: kind) ?? kind
            }
        }
    }

    private func load(_ records: [Record], as target: RecordFields) async throws {
        refused += try await loading { connection in
            if self.target != target {
                if self.target != nil { try await end(on: connection) }
                try await connection.beginLoad(self.load(of: target))
                self.target = target
            }
            return try await connection.load(records)
        }
    }

    private func load(of fields: RecordFields) -> SQLLoad {
        SQLLoad(
            table: name,
            columns: fields.names.compactMap { columns.table.column($0) }.map {
                SQLLoad.Column(name: $0.name, type: $0.type, baseType: $0.baseType)
            },
            key: columns.key,
            fields: fields,
            needsInserts: columns.table.needsInserts,
            isCareful: isCareful
        )
    }

    private func end(on connection: any SQLConnection) async throws {
        target = nil
        let end = try await connection.endLoad()
        counters.add(end.rows, to: "rows_written")
        refused += end.refused
    }

    func takeRefused() -> [RefusedRecord] {
        // In a pass in which nothing is loaded, nothing counts.
        if isScanning { return [] }
        defer { refused = [] }
        return refused
    }

    func finish() async throws -> Counters {
        if isScanning {
            let wanted = order.map { (name: $0, kind: missing[$0] ?? .text) }
            throw onTrouble(.columnsMissing(wanted))
        }
        if target != nil { try await loading { try await end(on: $0) } }
        return counters
    }

    /// The caller that opened the transaction rolls it back.
    func abandon() async {}

    private func loading<R>(_ body: (any SQLConnection) async throws -> R) async throws -> R {
        do {
            return try await transaction.loading(body)
        } catch let error as any SQLDatabaseError {
            let failure = TrancheError(error, sink: columns.sink)
            if error.mayBlameRow, !isCareful { throw onTrouble(.rowRefused(failure)) }
            throw failure
        }
    }
}
