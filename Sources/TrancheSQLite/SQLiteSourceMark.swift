/// What tells a table in a SQLite file from any other.
struct SQLiteSourceMark: Hashable, CustomStringConvertible {
    var device: Int64
    var number: Int64
    var birth: Int64
    /// How often the file's schema was changed.
    var schema: Int64
    /// The page at which the table begins; 0 for a view.
    var root: Int64

    init(_ file: SQLiteFileIdentity, schema: Int64, root: Int64) {
        device = file.device
        number = file.number
        birth = file.birth
        self.schema = schema
        self.root = root
    }

    /// Reads a mark as it was kept.
    init?(_ text: String) {
        let numbers = text.split(separator: " ").compactMap { part in
            part.split(separator: "=").last.flatMap { Int64($0) }
        }
        guard numbers.count == 5 else { return nil }
        (device, number, birth) = (numbers[0], numbers[1], numbers[2])
        (schema, root) = (numbers[3], numbers[4])
    }

    var description: String {
        "device=\(device) inode=\(number) birth=\(birth) schema=\(schema) root=\(root)"
    }

    func isInSameFile(as other: SQLiteSourceMark) -> Bool {
        device == other.device && number == other.number && birth == other.birth
    }
}
