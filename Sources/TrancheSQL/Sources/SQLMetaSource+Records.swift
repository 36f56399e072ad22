package import Tranche

/// Rows as the records of a chain.
extension SQLMetaSource: RecordMetaSource {
    /// Rows read in one statement.
    private static var page: Int { 2048 }

    package func records(
        of batch: BatchRecord,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        guard let ids = batch.ids else {
            // An adopted row does not know its ids: the range says it all.
            return records(in: batch.range)
        }
        var pages = Array(ids.pages(of: Self.page)).makeIterator()
        var reading: RangeReading?
        return ChunkReader {
            // What appeared in a range since belongs to a gap, not to this batch.
            if let records = try await read(&reading) {
                return records.filter { ids.contains($0.id) }
            }
            switch pages.next() {
            case .range(let range):
                reading = RangeReading(range, size: 2 * Self.page)
                return try await read(&reading)?.filter { ids.contains($0.id) }
            case .list(let list):
                return try await records(
                    select(where: database.dialect.column(idName, isAmong: list))
                )
            case nil: return nil
            }
        }
    }

    private func records(in range: ClosedRange<Int64>) -> ChunkReader<Record> {
        var reading: RangeReading? = RangeReading(range, size: Self.page)
        return ChunkReader { try await read(&reading) }
    }

    private func read(_ reading: inout RangeReading?) async throws -> [Record]? {
        try await reading?.next(
            { try await records(select(in: $0, limit: $1)) },
            id: { $0.id }
        )
    }

    private func select(in range: ClosedRange<Int64>, limit: Int) -> SQLStatement {
        var statement = select(
            where: """
                \(name: idName) >= \(range.lowerBound)
                    AND \(name: idName) <= \(range.upperBound)
                """
        )
        statement.append("\nLIMIT \(unsafeRaw: String(limit))")
        return statement
    }

    private func select(where condition: SQLStatement) -> SQLStatement {
        var columns: SQLStatement = "\(name: idName)"
        for name in fields?.names ?? [] { columns.append(", \(name: name)") }
        return """
            SELECT \(columns)
            FROM \(relation)
            WHERE \(condition)
            ORDER BY \(name: idName)
            """
    }

    private func records(_ statement: SQLStatement) async throws -> [Record] {
        let rows = try await wrapping { try await database.read(statement)[0] }
        var builder = RecordBlockBuilder(fields ?? .none)
        var records: [Record] = []
        _ = try rows.map { row in
            let uid = row.value()
            guard let id = uid.integer else { throw noInteger(uid) }
            builder.add(id, (0..<rows.width - 1).map { _ in row.value() })
            if builder.isFull {
                records += builder.build().records
                builder = RecordBlockBuilder(fields ?? .none)
            }
        }
        let last = builder.build().records
        return records.isEmpty ? last : records + last
    }
}
