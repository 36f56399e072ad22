import Tranche

/// How a file is written and read, as bytes 18 and 19 of its header say.
///
/// 1 is a rollback journal, 2 a write-ahead log; SQLite reads no other, and writes to none. Other
/// engines put numbers of their own there, such as 255 for a journal of row versions with several
/// writers at once. Source: sqlite.org/fileformat2.html, section 1.3.3.
struct SQLiteFileFormat: Sendable, Hashable {
    /// The version that a writer must know.
    let write: UInt8
    /// The version that a reader must know.
    let read: UInt8

    /// What every file of this kind begins with.
    static let magic = DatabaseFile.magic

    /// Whether it is not a format of SQLite's own.
    var isForeign: Bool { write > 2 || read > 2 }
}
