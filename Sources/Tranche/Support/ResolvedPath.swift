import FoundationEssentials
import Glibc

/// The absolute path of a file, links followed, without `.` and `..`: the same however it was
/// spelt.
package struct ResolvedPath: Sendable, Hashable {
    /// The path.
    package let text: String

    /// Resolves a path, as far as it exists; what follows is taken as it is.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - folder: Where a relative one begins; the working folder by default.
    package init(
        _ path: String,
        from folder: String = FileManager.default.currentDirectoryPath
    ) {
        let absolute = path.hasPrefix("/") ? path : folder + "/" + path
        var existing = absolute
        var missing: [Substring] = []
        while true {
            if let resolved = Self.resolve(existing) {
                text = Self.joined(resolved, missing.reversed())
                return
            }
            let parts = existing.split(separator: "/")
            guard let last = parts.last else {
                text = Self.joined("/", missing.reversed())
                return
            }
            missing.append(last)
            existing = "/" + parts.dropLast().joined(separator: "/")
        }
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Follows parts that do not exist.
    private static func joined(_ start: String, _ parts: [Substring]) -> String {
        var path = start.split(separator: "/")
        for part in parts where part != "." {
            if part == ".." {
                path = path.dropLast()
            } else {
                path.append(part)
            }
        }
        return "/" + path.joined(separator: "/")
    }
}
