package import Tranche

extension SQLMetaSource: DescribingSource {
    package func describeWriters(_ names: Set<String>) async throws -> [SourceWriter] {
        guard let query = database.dialect.describingTransactions(names.sorted()) else {
            return names.map { SourceWriter($0) }
        }
        let rows = try await wrapping { try await database.read(query)[0] }
        return try rows.map { row in
            var writer = SourceWriter(try row.text())
            writer.process = try row.optionalInteger().map { Int($0) }
            writer.user = row.optionalText() ?? ""
            writer.application = row.optionalText() ?? ""
            writer.client = row.optionalText() ?? ""
            writer.state = row.optionalText() ?? ""
            writer.stateSince = try row.optionalInstant()
            writer.since = try row.optionalInstant()
            writer.query = row.optionalText() ?? ""
            writer.prepared = row.optionalText()
            return writer
        }
    }
}
