import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

/// What a release reads and writes must be there in the next one: columns and tables are added
/// first, and removed a release later.
///
/// `Releases/VERSION.BACKEND.txt` has a line for each column: table, column, type, and `given`
/// where an insert that leaves it out gets a value. A line that begins with `-` is a column that
/// the release no longer reads nor writes: the next one may remove it. `scripts/release` records
/// the files, with `TRANCHE_RECORD_RELEASE=VERSION:MIGRATION`.
@Suite("Releases", .serialized, .timeLimit(.minutes(5)))
struct ReleaseTests {
    typealias Backend = TestDatabase.Backend

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Releases")

    /// The numbers of a version, as they are ordered.
    private static func order(_ version: String) -> [Int] {
        version.split(separator: ".").compactMap { Int($0) }
    }

    /// The newest recorded release before this version.
    private static func before(_ backend: Backend) throws -> (version: String, lines: [String]) {
        let suffix = ".\(backend.rawValue).txt"
        let versions = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
            .filter { order($0).lexicographicallyPrecedes(order(TrancheVersion.text)) }
        let last = try #require(
            versions.max { order($0).lexicographicallyPrecedes(order($1)) }
        )
        let file = folder.appending(path: last + suffix)
        let text = try String(contentsOf: file, encoding: .utf8)
        return (last, text.split(separator: "\n").map(String.init))
    }

    /// A line for each column of each table of an inventory.
    private func columns(of database: TestDatabase) async throws -> [String] {
        let names: [String] =
            switch database.backend {
            case .sqlite:
                try await database.column(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'inventory%'"
                )
            case .postgreSQL:
                try await database.column(
                    """
                    SELECT tablename FROM pg_tables
                    WHERE schemaname = \(database.schema) AND tablename LIKE 'inventory%'
                    """
                )
            }
        var lines: [String] = []
        for name in names.sorted() {
            let table = try #require(try await database.database.table(database.name(name)))
            lines += table.columns.map { column in
                let isGiven = !column.isNotNull || column.hasDefault || column.giver != .anyone
                return "\(name).\(column.name) \(column.type.lowercased())"
                    + (isGiven ? " given" : "")
            }
        }
        return lines.sorted()
    }

    /// What keeps a release from working on a newer inventory.
    private func faults(of newer: [String], after release: [String]) -> [String] {
        let unread = Set(release.filter { $0.hasPrefix("-") }.map { $0.dropFirst(1).trimmed })
        let read = release.filter { !$0.hasPrefix("-") }
        let there = Set(newer)
        var faults = read.filter { line in
            // What becomes optional hinders nobody.
            !there.contains(line) && !there.contains(line + " given")
        }.map { "missing or another: \($0)" }
        let tables = Set(read.map(\.table))
        let known = Set((read + unread).map(\.column))
        faults += newer.filter { line in
            tables.contains(line.table) && !known.contains(line.column)
                && !line.hasSuffix(" given")
        }.map { "inserts leave it out: \($0)" }
        return faults
    }

    @Test(
        "The tables have what the release before reads and writes",
        arguments: Backend.available
    )
    func isKept(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            if let wanted = ProcessInfo.processInfo.environment["TRANCHE_RECORD_RELEASE"] {
                let parts = wanted.split(separator: ":").map(String.init)
                try await database.migrateUp(to: parts.count > 1 ? Int(parts[1]) : nil)
                let file = Self.folder.appending(path: "\(parts[0]).\(backend.rawValue).txt")
                let text = try await columns(of: database).joined(separator: "\n") + "\n"
                try text.write(to: file, atomically: true, encoding: .utf8)
                return
            }
            try await database.migrateUp()
            let (version, lines) = try Self.before(backend)
            let faults = faults(of: try await columns(of: database), after: lines)
            #expect(faults.isEmpty, "\(version) does not work on this inventory: \(faults)")
        }
    }

    @Test(
        "A column that is dropped, renamed, or asked of every insert is found",
        arguments: Backend.available,
        [
            "ALTER TABLE inventory_output DROP COLUMN note",
            "ALTER TABLE inventory_output RENAME COLUMN note TO remark",
            "ALTER TABLE inventory_output ADD COLUMN asked integer NOT NULL",
            "ALTER TABLE inventory_pipeline RENAME TO inventory_line",
        ]
    )
    func isFound(on backend: Backend, change: String) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            let before = try await columns(of: database)
            #expect(faults(of: before, after: before) == [])
            // SQLite adds no such column; a table that is made anew may have it.
            if backend == .sqlite, change.contains("NOT NULL") { return }
            try await database.run(
                change.replacing("TABLE inventory", with: "TABLE \(database.prefix)inventory") + ";"
            )
            let after = try await columns(of: database)
            let found = faults(of: after, after: before)
            #expect(!found.isEmpty)
            // What the release before no longer used may go.
            let unused = before.map { $0.contains(".note") ? "- \($0)" : $0 }
            if change.contains("DROP") { #expect(faults(of: after, after: unused) == []) }
        }
    }
}

extension StringProtocol {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
    fileprivate var table: String { String(prefix { $0 != "." }) }
    fileprivate var column: String { String(prefix { $0 != " " }) }
}
