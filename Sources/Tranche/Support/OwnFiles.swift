/// The files of a SQLite database to which this program writes while it works: the database, and
/// what stands beside it.
package struct OwnFiles: Sendable, Hashable {
    /// The database's path.
    package let path: String
    /// What is in it, for messages.
    private let content: String
    private let places: [Place]
    /// How many bytes their names have: of most files that is enough to tell.
    private let lengths: Set<Int>

    /// Names in a folder.
    private struct Place: Sendable, Hashable {
        let folder: String
        /// Told apart by bytes: names that look alike may differ.
        let names: Set<[UInt8]>
    }

    /// What stands behind the name of a database in those of the files beside it.
    ///
    /// The last is the queue of its writers. Source of the others: sqlite.org/tempfiles.html.
    package static let endings = ["-wal", "-shm", "-journal", "-turn"]

    /// Describes the files of a database.
    ///
    /// - Parameters:
    ///   - path: The database's path, which may be a link.
    ///   - content: What is in it, such as `the inventory`.
    package init(of path: String, with content: String) {
        self.path = path
        self.content = content
        // SQLite puts its files beside what a link leads to; the queue stands beside the link.
        places = [path, ResolvedPath(path).text].map { path in
            let (folder, name) = Self.parted(path)
            return Place(
                folder: ResolvedPath(folder).text,
                names: Set(([""] + Self.endings).map { Array((name + $0).utf8) })
            )
        }
        lengths = Set(places.flatMap { $0.names.map(\.count) })
    }

    /// That they are left out, in words.
    package var words: String {
        "'\(path)' holds \(content): it is left out, and so is what belongs to it, such as "
            + "'\(Self.parted(path).name)-wal'"
    }

    /// Whether a file is one of them by its place.
    ///
    /// - Parameter path: The file's path; the last part of it is no link.
    /// - Returns: Whether it is.
    package func contain(_ path: String) -> Bool {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let start = slash.map { path.utf8.index(after: $0) } ?? path.startIndex
        guard lengths.contains(path.utf8.distance(from: start, to: path.endIndex)) else {
            return false
        }
        let (folder, name) = Self.parted(path)
        let bytes = Array(name.utf8)
        return places.contains { place in
            guard place.names.contains(bytes), let own = FileNumber(of: place.folder) else {
                return false
            }
            return FileNumber(of: folder) == own
        }
    }

    /// A path as its folder and the name in it.
    private static func parted(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = path[..<slash]
        let name = path[path.utf8.index(after: slash)...]
        return (folder.isEmpty ? "/" : String(folder), String(name))
    }
}
