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

    /// Says who still needs events of the log, and how many, those first that need most.
    ///
    /// - Parameter inventory: The inventory whose jobs are asked; `nil` where it cannot be: then
    ///   it is told as others are, by what it noted when it last cleaned.
    /// - Returns: Words such as `3 events that the job orders/p still needs`; none where nobody
    ///   needs any. `nil` where there is no such log.
    /// - Throws: `TrancheError`.
    package func unread(for inventory: Inventory?) async throws -> [String]? {
        guard try await outbox.explained("looking", outbox.isInstalled) else { return nil }
        guard try await outbox.explained("looking", outbox.notesReaders) else {
            // An earlier version: who reads is not known.
            return try await unread([(words: "somebody may still need", done: 0)])
        }
        guard let status = try await outbox.status() else { return nil }
        var readers = status.readers
        var needs: [(words: String, done: Int64)] = []
        if let inventory {
            needs = try await inventory.needs(
                ofSource: Self.source(ofInput: name),
                above: status.floor
            ).map { need in
                let run = need.key.run.isEmpty ? "" : " (run \(need.key.run))"
                return (
                    words: "the job \(need.key.job)\(run) still needs",
                    done: need.done
                )
            }
            let own = try await PostgreSQLOutbox.Reader(inventory.store).key
            // What it noted itself is older than what its jobs need.
            if !needs.isEmpty { readers.removeAll { $0.key == own } }
        }
        needs += readers.map { reader in
            (
                words: "the inventory \(reader.name) (\(reader.key)) still needs",
                done: reader.done
            )
        }
        if needs.isEmpty { needs = [(words: "nobody has read", done: status.floor)] }
        return try await unread(needs)
    }

    private func unread(_ needs: [(words: String, done: Int64)]) async throws -> [String] {
        var lines: [String] = []
        for need in needs.sorted(by: { ($0.done, $0.words) < ($1.done, $1.words) }) {
            let count = try await outbox.count(after: need.done)
            guard count > 0 else { continue }
            lines.append("\(HumanText.count(count, "event", "events")) that \(need.words)")
        }
        return lines
    }
}

extension PostgreSQLOutbox {
    /// How many entries the log has behind an id.
    func count(after id: Int64) async throws -> Int {
        let rows = try await explained("counting") {
            try await database.read("SELECT count(*) FROM \(log) WHERE id > \(id)")
        }
        guard var row = rows[0].first else { return 0 }
        return Int(try row.integer())
    }
}
