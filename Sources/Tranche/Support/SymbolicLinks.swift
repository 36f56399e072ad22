import FoundationEssentials

/// Links in a file system.
package enum SymbolicLinks {
    /// The path that links lead to in the end; the path itself where it is no link.
    ///
    /// A file that is written aside and renamed would take the place of a link: what it leads to
    /// would stay as it was, and whoever reads that would miss what is new. `ResolvedPath` follows
    /// what exists alone: a link that leads to nothing yet would be replaced.
    ///
    /// - Parameter path: A path at which there may be nothing.
    /// - Returns: One at which no link is, or the path behind the 40 that Linux follows.
    package static func end(of path: String) -> String {
        var path = path
        for _ in 0..<40 {
            // What is no link, or cannot be looked at, is left to who opens it.
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            else { return path }
            let folder = URL(filePath: path).deletingLastPathComponent()
            path = next.hasPrefix("/") ? next : folder.appending(path: next).path
        }
        return path
    }
}
