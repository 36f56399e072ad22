/// The table `files` of a SQLite file: the examples' meta source.
///
/// It stands for what an application has already; Tranche itself only reads it.
public struct FileTable: Sendable {
    private let database: ExampleDatabase

    /// Makes the table `files (id, path, size_in_bytes)`.
    public init(at path: String) throws {
        database = ExampleDatabase(at: path)
        try database.execute(
            """
            CREATE TABLE files (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                path TEXT NOT NULL,
                size_in_bytes INTEGER NOT NULL
            )
            """
        )
    }

    /// Adds files of these sizes; they get the next ids.
    public func add(sizes: [Int]) throws {
        let rows = sizes.map { "('/data/\($0).csv', \($0))" }.joined(separator: ", ")
        try database.execute("INSERT INTO files (path, size_in_bytes) VALUES \(rows)")
    }
}
