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
            return records(in: batch.idStart...batch.idEnd)
        }
        var pages = Array(ids.pages(of: Self.page)).makeIterator()
        return ChunkReader {
            switch pages.next() {
            case .range(let range):
                // What appeared in the range since belongs to a gap, not to this batch.
                try await records(select(in: range, limit: 2 * Self.page))
                    .filter { ids.contains($0.id) }
            case .list(let list):
                try await records(
                    select(where: database.dialect.column(definition.uid, isAmong: list))
                )
            case nil: nil
            }
        }
    }

    private func records(in range: ClosedRange<Int64>) -> ChunkReader<Record> {
        var left: ClosedRange<Int64>? = range
        return ChunkReader {
            guard let range = left else { return nil }
            let records = try await records(select(in: range, limit: Self.page))
            left = nil
            if records.count == Self.page, let last = records.last?.id, last < range.upperBound {
                left = (last + 1)...range.upperBound
            }
            return records
        }
    }

    private func select(in range: ClosedRange<Int64>, limit: Int) -> SQLStatement {
        var statement = select(
            where: """
                \(name: definition.uid) >= \(range.lowerBound)
                    AND \(name: definition.uid) <= \(range.upperBound)
                """
        )
        statement.append("\nLIMIT \(unsafeRaw: String(limit))")
        return statement
    }

    private func select(where condition: SQLStatement) -> SQLStatement {
        var columns: SQLStatement = "\(name: definition.uid)"
        for name in fields?.names ?? [] { columns.append(", \(name: name)") }
        return """
            SELECT \(columns)
            FROM \(table)
            WHERE \(condition)
            ORDER BY \(name: definition.uid)
            """
    }

    private func records(_ statement: SQLStatement) async throws -> [Record] {
        let rows = try await wrapping { try await database.read(statement)[0] }
        var builder = RecordBlockBuilder(fields ?? .none)
        _ = try rows.map { row in
            let id = try row.integer()
            builder.add(id, (0..<rows.width - 1).map { _ in row.value() })
        }
        return builder.build().records
    }
}
