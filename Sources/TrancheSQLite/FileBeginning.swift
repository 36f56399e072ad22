/// The first bytes of a file that is not a SQLite database: they tell what it is instead.
struct FileBeginning: Sendable, Hashable {
    /// How many bytes are looked at.
    static let length = 512

    private let bytes: ArraySlice<UInt8>

    /// Takes the first bytes; the zeros after a file's end are not part of it.
    ///
    /// - Parameter bytes: At most ``length`` bytes.
    init(_ bytes: [UInt8]) {
        let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
        self.bytes = bytes[..<end]
    }

    /// What is wrong with the file as a database, and what it looks like.
    var words: String { "the file is not a SQLite database; \(kind)" }

    private var kind: String {
        for (mark, place, words) in Self.marks
        where bytes.dropFirst(place).starts(with: mark) {
            return words
        }
        if isText { return text }
        return "it may be damaged, encrypted or of another program"
    }

    // Sources: RFC 1952, section 2.3.1; RFC 8878, section 3.1.1; APPNOTE.TXT 4.3.7;
    // parquet.apache.org (File Format); duckdb.org (Storage Format); pg_backup_archiver.c.
    private static let marks: [(mark: [UInt8], place: Int, words: String)] = [
        ([0x1f, 0x8b], 0, "it is compressed by gzip"),
        ([0x28, 0xb5, 0x2f, 0xfd], 0, "it is compressed by zstd"),
        (Array("PK\u{3}\u{4}".utf8), 0, "it is a ZIP archive"),
        (Array("PAR1".utf8), 0, "it is a Parquet file"),
        (Array("PGDMP".utf8), 0, "it is a dump of PostgreSQL, which pg_restore reads"),
        (Array("DUCK".utf8), 8, "it is a database of DuckDB"),
        (
            Array(#"{"tranche":"#.utf8), 0,
            "it is a file of 'tranche export', which 'tranche import' reads"
        ),
    ]

    /// Whether there are no control characters but those between words and lines.
    private var isText: Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 >= 32 && $0 != 127 || (9...13).contains($0) }
    }

    private var text: String {
        let marks = bytes.drop { [9, 10, 13, 32, 0xef, 0xbb, 0xbf].contains($0) }
        let line = bytes.prefix { $0 != 10 && $0 != 13 }
        let remedy = "to read items from it, name it as the source:"
        if marks.starts(with: "{".utf8) || marks.starts(with: "[".utf8) {
            return "it looks like JSON; \(remedy) jsonl:PATH"
        }
        if marks.starts(with: "--".utf8) || marks.starts(with: "BEGIN".utf8)
            || marks.starts(with: "PRAGMA".utf8) || marks.starts(with: "CREATE".utf8)
        {
            return "it looks like SQL text; make a database of it, as with sqlite3 NEW.db < FILE"
        }
        let isTable = ",;\t|".utf8.contains { line.contains($0) }
        return isTable ? "it looks like CSV; \(remedy) csv:PATH" : "it is a text"
    }
}
