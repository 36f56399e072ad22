import FoundationEssentials
import Tranche
package import TrancheSQL

/// Whether another table has come to stand under a name, or another file at the path.
///
/// SQLite keeps neither a number of a file nor one of a table. A file is known by its inode and
/// birth, a table by the count of schema changes and the page at which it begins. A backup that is
/// put back, `VACUUM` and each new index change some of these and leave the rows as they were; a
/// file that another was copied over keeps them all. So the rows decide.
extension SQLiteDatabase {
    package func mark(of name: SQLTableName, uid: String) async throws -> String? {
        guard let file = SQLiteFileIdentity(path: path) else { return nil }
        let schema = name.schema ?? "main"
        let rows = try await read(
            "SELECT schema_version FROM pragma_schema_version",
            """
            SELECT m.rootpage FROM \(SQLTableName(schema: schema, table: "sqlite_master")) AS m
            WHERE m.type IN ('table', 'view') AND lower(m.name) = lower(\(name.table))
            """
        )
        guard var version = rows[0].first, var root = rows[1].first else { return nil }
        return SQLiteSourceMark(
            file,
            schema: try version.integer(),
            root: try root.optionalInteger() ?? 0
        ).description
    }

    // Another table may begin at the page of one that was dropped, by two changes at least. To
    // rename one is a single change.
    package func isRenaming(_ known: String, to mark: String) -> Bool {
        guard let before = SQLiteSourceMark(known), let now = SQLiteSourceMark(mark) else {
            return false
        }
        return now.isInSameFile(as: before) && now.root > 0 && now.root == before.root
            && now.schema == before.schema + 1
    }

    package func sourceNames(of name: SQLTableName) async throws -> [String] {
        let schema = name.schema?.lowercased() ?? "main"
        guard schema == "main" else { return [] }
        let rows = try await read(
            """
            SELECT name
            FROM sqlite_master
            WHERE type IN ('table', 'view') AND name = \(name.table) COLLATE NOCASE
            """
        )
        guard var row = rows[0].first else { return [] }
        // Names are the same in any case of ASCII's letters.
        let names = Set([name.table, try row.text(), name.table.lowercased()]).sorted()
        return names + names.map { "main." + $0 }
    }

    /// The count of changes in the file's head; `nil` in WAL mode, in which it stands still.
    package func writeCount() async throws -> Int64? {
        try await withReader { $0.writeCount }
    }

    package func compare(
        mark: String,
        with known: String,
        writtenSince count: Int64?,
        of name: SQLTableName,
        columns: (uid: String, item: String?),
        passed cursor: Int64?
    ) async throws -> SQLMarkVerdict {
        guard let now = SQLiteSourceMark(mark), let before = SQLiteSourceMark(known) else {
            return .anotherUnlessProven("was known by '\(known)', and is known by '\(mark)' now")
        }
        guard now.isInSameFile(as: before) else {
            return .anotherUnlessProven(
                "is in another file than it was, with other rows under the same ids: inode "
                    + "\(before.number)\(Self.made(before.birth)) then, "
                    + "\(now.number)\(Self.made(now.birth)) now"
            )
        }
        guard now.schema == before.schema, now.root == before.root else {
            return .anotherUnlessProven(
                "has other rows under the same ids than it had, and the file's schema was changed: it "
                    + "was dropped and made again, or another table was renamed to it"
            )
        }
        let words =
            "has other rows under the same ids than it had, in the same file: another file was copied "
            + "over it, or they were deleted and inserted again"
        // As many changes, or fewer, and yet other rows: not by SQLite.
        if let count, let counted = try await writeCount(), counted <= count {
            return .anotherUnlessProven(words)
        }
        return .sameUnlessContradicted(words)
    }

    private static func made(_ birth: Int64) -> String {
        guard birth > 0 else { return "" }
        return " made at \(Date(milliseconds: birth / 1_000_000).utcText)"
    }
}
