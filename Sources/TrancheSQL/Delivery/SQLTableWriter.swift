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
    private var answers: [RecordFields: SQLTableColumns.Answer] = [:]
    /// What the columns must hold that are to be added; nothing is loaded any more then.
    private var missing: [String: SQLColumnKind] = [:]
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
        var parts: [(shape: SQLTableShape, records: [Record])] = []
        var start = 0
        while start < records.count {
            let own = records[start].fields
            let end = records[start...].firstIndex { $0.fields != own } ?? records.count
            let run = start == 0 && end == records.count ? records : Array(records[start..<end])
            start = end
            switch answer(for: own) {
            case .load(let shape):
                counters.add(
                    shape.dropped * run.count,
                    to: shape.dropped > 0 ? "fields_dropped" : "rows_written"
                )
                let shaped = shape.shaped(run)
                // Where no row is replaced, nobody sees in which order rows came.
                let place = parts.lastIndex { $0.shape.target == shape.target }
                if let place, columns.key.isEmpty || place == parts.count - 1 {
                    parts[place].records += shaped
                } else {
                    parts.append((shape, shaped))
                }
            case .refuse(let field, let message):
                refused += run.map {
                    RefusedRecord($0, field: field, message, input: field.flatMap($0.text))
                }
            case .add(let names): note(names, of: run)
            }
        }
        if isScanning { return }
        for part in parts { try await load(part.records, as: part.shape.target) }
    }

    /// What becomes of records of some fields.
    private func answer(for fields: RecordFields) -> SQLTableColumns.Answer {
        if let known = answers[fields] {
            guard case .load(let shape) = known, shape.target != target, target != nil else {
                return known
            }
        }
        let answer = columns.answer(for: fields, base: target)
        answers[fields] = answer
        return answer
    }

    /// Notes what columns must hold that the table lacks.
    private func note(_ names: [String], of records: [Record]) {
        isScanning = true
        for name in names {
            guard let place = records.first?.fields.place(of: name) else { continue }
            for record in records {
                guard let kind = SQLColumnKind(record.cell(place).kind) else { continue }
                missing[name] = missing[name]?.joined(with: kind) ?? kind
            }
            // A column of which no value is known yet.
            if missing[name] == nil { empty.insert(name) }
        }
    }

    private var empty: Set<String> = []

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
            for name in empty where missing[name] == nil { missing[name] = .text }
            let wanted = missing.sorted { $0.key < $1.key }.map { (name: $0.key, kind: $0.value) }
            throw onTrouble(.columnsMissing(wanted))
        }
        if target != nil { try await loading { try await end(on: $0) } }
        return counters
    }

    /// The transaction is rolled back by whoever opened it.
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
