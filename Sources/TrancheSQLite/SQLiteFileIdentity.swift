internal import CSQLite

/// Which file stands at a path, and how it stands there.
struct SQLiteFileIdentity: Sendable, Hashable {
    var device: Int64
    var number: Int64
    /// In nanoseconds since 1970; 0 where the file system does not keep it.
    var birth: Int64
    /// When it was last written to, in nanoseconds since 1970.
    var change: Int64
    var size: Int64

    /// Looks at a path; `nil` where there is no file.
    init?(path: String) {
        var values: [Int64] = [0, 0, 0, 0, 0]
        guard tranche_file_identity(path, &values) == 0 else { return nil }
        device = values[0]
        number = values[1]
        birth = values[2]
        change = values[3]
        size = values[4]
    }

    /// Whether two looks were at one file, whatever was written to it between them.
    func isSameFile(as other: SQLiteFileIdentity) -> Bool {
        device == other.device && number == other.number && birth == other.birth
    }
}
