import Synchronization
import Tranche

/// Uids that get a number before they are handed out.
extension SQLMetaSource: NumberedSource {
    package var isNumbered: Bool { registry != nil }

    package var searchCost: String? {
        guard let registry, registry.numbering.order == nil else { return nil }
        let most = Self.portions * UIDRegistry.portion
        return "'\(definition.table)' has uids that do not rise with time: each look for new ones "
            + "that finds none reads up to \(most) of them. \(searchRemedy)"
    }

    private var searchRemedy: String {
        if database.dialect.hasOneWriter {
            return "A table with row numbers, no view, is looked at from its end"
        }
        let remedy =
            definition.settleColumn.map {
                "An index that begins with '\($0)', as of "
                    + "\(database.dialect.creatingIndex(on: [$0], of: table, isUnique: false)),"
            } ?? "A --settle-column with an index"
        return "\(remedy) lets it read the newest rows alone"
    }

    package func ids(ofUIDs uids: [String]) async throws -> [Int64?] {
        guard let registry else { return uids.map { _ in nil } }
        var found: [Int64?] = []
        let kind = registry.numbering.kind
        // SQLite 3.40 takes at most 32,766 values a statement.
        for start in stride(from: 0, to: uids.count, by: 1000) {
            let part = Array(uids[start..<min(start + 1000, uids.count)])
            let rows = try await wrapping {
                try await database.read(registry.numbers(of: part))[0]
            }
            let known = try rows.map { row in (ExactText(try row.text()), try row.integer()) }
            let numbers = Dictionary(known, uniquingKeysWith: { $1 })
            found += part.map { numbers[ExactText(kind.canonical($0))] }
        }
        return found
    }

    package func uids(ofIDs ids: [Int64]) async throws -> [Int64: String] {
        guard let registry else { return [:] }
        var found: [Int64: String] = [:]
        let sorted = Set(ids).sorted()
        for start in stride(from: 0, to: sorted.count, by: 1000) {
            let part = Array(sorted[start..<min(start + 1000, sorted.count)])
            let rows = try await wrapping { try await database.read(registry.uids(of: part))[0] }
            for index in 0..<rows.count {
                var row = rows[index]
                found[try row.integer()] = try row.text()
            }
        }
        return found
    }

    /// The statements that number uids where few are left, with what is handed out; see
    /// ``UIDRegistry/numbering(unless:from:)``.
    func numbering(unless size: Int, from firstID: SQLStatement) -> [SQLStatement] {
        registry?.numbering(unless: size, from: firstID) ?? []
    }

    /// What a look for uids without a number came to.
    enum Numbered {
        /// There are new numbers.
        case more
        /// There is nothing that has none.
        case none
        /// Nothing was found yet.
        case unfinished
    }

    /// Portions of the walk that one look takes at most.
    private static var portions: Int { 16 }

    /// Looks for uids without a number.
    ///
    /// - Parameter isFilling: Whether there are items already, so that one portion is enough.
    /// - Returns: What it came to.
    /// - Throws: The database's failure; `TrancheError` `.invalidItem` for a uid that is none.
    func numberMore(isFilling: Bool) async throws -> Numbered {
        guard let registry else { return .none }
        if registry.numbering.order != nil {
            let seen = try await look(registry.front(), registry)
            if seen.isNews { return more() }
            if seen.before.hasFront {
                // A portion of the walk besides, for what came late.
                if isFilling { return .none }
                return try await look(registry.walk(), registry).isNews ? more() : .none
            }
        }
        for _ in 0..<(isFilling ? 1 : Self.portions) {
            try Task.checkCancellation()
            let seen = try await look(registry.walk(), registry)
            if seen.isNews { return more() }
            if looking.state.withLock({ $0.takes(seen.before, seen.after) }) { return .none }
        }
        return isFilling || looking.state.withLock { $0.hasFinished } ? .none : .unfinished
    }

    /// Numbers the uids without a number of all rows that meet a condition, wherever they are.
    ///
    /// They are looked for without the registry's lock, which is held for a portion at a time;
    /// others get it between two portions.
    ///
    /// - Parameter condition: The condition, by the table's columns.
    /// - Throws: As ``numberMore(isFilling:)``.
    func numberAll(where condition: SQLStatement) async throws {
        guard let registry else { return }
        let most = UIDRegistry.portion * UIDRegistry.portionsRead
        var last: String?
        // Those that were read last, by their bytes. By now they have their numbers, be they from
        // here or from others.
        var numbered: Set<[UInt8]> = []
        while true {
            let uids = try await unnumbered(where: condition, after: last, registry)
            if uids.isEmpty, last == nil { return }
            let keys = Set(uids.map { Array($0.utf8) })
            // What has a number by its text, and none by its bytes, never gets one.
            guard numbered.isDisjoint(with: keys) else { throw noText() }
            for start in stride(from: 0, to: uids.count, by: UIDRegistry.portion) {
                try Task.checkCancellation()
                let part = Array(uids[start..<min(start + UIDRegistry.portion, uids.count)])
                if try await look(registry.numbering(of: part), registry).isNews { _ = more() }
            }
            numbered = keys
            // What was committed meanwhile may stand before: all are looked at once more.
            last = uids.count < most ? nil : uids.last
        }
    }

    /// Reads uids without a number; see ``UIDRegistry/unnumbered(where:after:)``.
    private func unnumbered(
        where condition: SQLStatement,
        after last: String?,
        _ registry: UIDRegistry
    ) async throws -> [String] {
        let statement = registry.unnumbered(where: condition, after: last)
        let rows = try await wrapping { try await database.read(statement)[0] }
        return try rows.map { row in
            guard let uid = row.optionalText() else { throw noText() }
            return uid
        }
    }

    private func more() -> Numbered {
        looking.state.withLock { $0 = WalkState() }
        return .more
    }

    /// How far the numbers went before and after a look.
    private struct Seen {
        let before: UIDRegistry.Standing
        let after: UIDRegistry.Standing

        var isNews: Bool { after.lastID > before.lastID }
    }

    private func look(
        _ statements: [SQLStatement],
        _ registry: UIDRegistry
    ) async throws -> Seen {
        let rows = try await wrapping {
            do {
                return try await database.write(
                    registry.locking + statements + [registry.standing]
                )
            } catch let error as any SQLDatabaseError {
                throw uidFault(error) ?? error
            }
        }
        return Seen(
            before: try UIDRegistry.Standing(rows[1]),
            after: try UIDRegistry.Standing(rows[rows.count - 1])
        )
    }

    /// What an error says of the uids; `nil` where it is another.
    ///
    /// A column of SQLite's may hold anything, and what is not a text has no text.
    func uidFault(_ error: any SQLDatabaseError) -> (any Error)? {
        guard isNumbered, error.message.contains("NOT NULL constraint failed"),
            error.message.contains("_uid.uid")
        else { return nil }
        return noText(error)
    }

    private func noText(_ error: (any Error)? = nil) -> TrancheError {
        TrancheError(
            .invalidItem,
            "'\(definition.table)' has a row whose uid in column '\(definition.uid)' is not a "
                + "text in UTF-8; every row needs one. Mend it, or delete it",
            underlying: error
        )
    }
}

/// Remembers how far a process has looked.
package final class WalkMemory: Sendable {
    let state = Mutex(WalkState())
}

/// How far a process has looked for uids without a number since it found the last.
struct WalkState: Sendable {
    /// How many rounds must be done for a whole one since it began; `nil` before it begins.
    private var needed: Int64?
    /// Whether a whole round found nothing.
    private(set) var hasFinished = false

    /// Takes a portion into account in which nothing was found.
    ///
    /// - Returns: Whether a whole round has ended by it.
    mutating func takes(
        _ before: UIDRegistry.Standing,
        _ after: UIDRegistry.Standing
    ) -> Bool {
        let needed = needed ?? before.rounds + (before.isAtStart ? 1 : 2)
        self.needed = needed
        guard after.rounds >= needed else { return false }
        self.needed = nil
        hasFinished = true
        return true
    }
}
