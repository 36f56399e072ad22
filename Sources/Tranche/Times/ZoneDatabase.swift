import FoundationEssentials
import Glibc

/// The system's time zone database: a file for each zone.
enum ZoneDatabase {
    /// Where it is kept; the environment's `TZDIR` comes first.
    private static let folders: [String] = {
        let named = ProcessInfo.processInfo.environment["TZDIR"].map { [$0] } ?? []
        return named.filter { $0.hasPrefix("/") }
            + ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]
    }()

    /// Whether there is one.
    static var isInstalled: Bool { folders.contains { access($0, R_OK) == 0 } }

    /// The names of zones such as `Region/City`, in order; empty where there is no database.
    static let regions: [String] = {
        guard let folder = folders.first(where: { access($0, R_OK) == 0 }) else { return [] }
        // The others hold all zones once more, under other rules.
        let found = names(in: folder, depth: 1).filter { $0.first?.isUppercase ?? false }
        return found.sorted()
    }()

    /// The bytes of a zone's file.
    ///
    /// - Parameter name: The zone's name; with other characters than names have, it has no file.
    /// - Returns: The bytes; `nil` where there is no such file, or it is too large to be one.
    static func contents(of name: String) -> [UInt8]? {
        guard isName(name) else { return nil }
        for folder in folders {
            // The largest file of the database has some thousands of bytes. One that cannot be read
            // is looked for in the next folder, and a zone that is in none is the caller's error.
            if let found = try? FileContents.bytes(of: "\(folder)/\(name)", limit: 1 << 18) {
                return found
            }
        }
        return nil
    }

    /// Whether a text may be a zone's name: it has no dot, and so leads to no other folder.
    static func isName(_ text: String) -> Bool {
        let hasLetters = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF)
                || "/_-+".utf8.contains($0)
        }
        return hasLetters && !text.isEmpty && text.utf8.count <= 100 && !text.hasPrefix("/")
    }

    /// The files of folders in a folder, to two levels.
    private static func names(in folder: String, depth: Int) -> [String] {
        // These names are for suggestions alone.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return entries.prefix(2000).filter(isName).flatMap { entry in
            let path = "\(folder)/\(entry)"
            var isFolder = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                return [String]()
            }
            guard isFolder else { return depth == 1 ? [] : [entry] }
            return depth > 3 ? [] : names(in: path, depth: depth + 1).map { "\(entry)/\($0)" }
        }
    }
}
