package import Tranche
import TranchePostgreSQL
import TrancheSQL

extension PostgreSQLInput {
    /// The type's name in files.
    package static let typeName = "postgresql"

    /// The name under which runs know the log of an input.
    ///
    /// - Parameter input: The input's name.
    /// - Returns: The name.
    package static func source(ofInput input: String) -> String {
        let view = Self.view(input)
        return [view.schema, view.table].compactMap { $0 }.joined(separator: ".")
    }

    /// Says for which jobs of an inventory the log keeps events, and how many, those first that are
    /// furthest back.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: A sentence for each job; none where nothing is installed, or no job reads it.
    /// - Throws: `TrancheError`.
    package func keeping(for inventory: Inventory) async throws -> [String] {
        guard let status = try await outbox.status() else { return [] }
        let needs = try await inventory.needs(
            ofSource: Self.source(ofInput: name),
            above: status.floor
        ).sorted { ($0.done, $0.key.job, $0.key.run) < ($1.done, $1.key.job, $1.key.run) }
        let own = try await PostgreSQLOutbox.Reader(inventory.store).key
        let others = status.readers.filter { $0.key != own }.map(\.done).min()
        var lines: [String] = []
        for need in needs {
            let run = need.key.run.isEmpty ? "" : " (run \(need.key.run))"
            let count = try await outbox.count(after: need.done)
            let events = HumanText.count(count, "event", "events")
            let isLast = need.done == needs.first?.done && need.done <= others ?? .max
            lines.append(
                "the job \(need.key.job)\(run) needs nothing up to \(need.done); \(events) behind "
                    + "that \(count == 1 ? "is" : "are") kept for it"
                    + (isLast && count > 0 ? ", and nobody is further back" : "")
            )
        }
        return lines
    }
}

extension PostgreSQLOutbox {
    /// How many entries the log has behind an id.
    fileprivate func count(after id: Int64) async throws -> Int {
        let rows = try await explained("counting") {
            try await database.read("SELECT count(*) FROM \(log) WHERE id > \(id)")
        }
        guard var row = rows[0].first else { return 0 }
        return Int(try row.integer())
    }
}
