import Foundation
import Tranche

/// A file as it was found.
struct FoundFile: Sendable, Hashable {
    var path: String
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// The number on its disk.
    var number: UInt64

    /// What tells it from any other, and from itself when it was another.
    var identity: String {
        let mark = "|\(size)|\(modified)|\(number)"
        // A path that leaves no room stands for itself by its digest.
        let hasRoom = path.utf8.count + mark.utf8.count <= 1024
        return (hasRoom ? path : "#\(FNVHash(of: path).value)") + mark
    }

    /// When it was changed last.
    var modifiedAt: Date { Date(milliseconds: modified / 1_000_000) }
}

/// The files of a folder that were given, by where they are.
struct KnownFiles: Sendable {
    private var identities: [String: String] = [:]

    /// Reads what a log knows.
    init(in log: InputLog) async throws {
        var mark: String?
        let size = 1000
        while true {
            let page = try await log.lastingIdentities(after: mark, limit: size)
            for identity in page { identities[Self.place(of: identity)] = identity }
            guard page.count == size else { return }
            mark = page.last
        }
    }

    func has(_ file: FoundFile) -> Bool {
        identities[Self.place(of: file.identity)] == file.identity
    }

    /// Whether a file of the path was given when it was another.
    func hasOther(_ file: FoundFile) -> Bool {
        identities[Self.place(of: file.identity)] != nil
    }

    mutating func add(_ file: FoundFile) {
        identities[Self.place(of: file.identity)] = file.identity
    }

    /// Forgets files that are there no more.
    ///
    /// - Parameter files: Those that are there.
    /// - Returns: The identities of the others.
    mutating func remove(allBut files: [FoundFile]) -> [String] {
        let there = Set(files.map { Self.place(of: $0.identity) })
        let gone = identities.filter { !there.contains($0.key) }
        for place in gone.keys { identities[place] = nil }
        return gone.values.sorted()
    }

    /// What an identity has in front of size, time and number.
    private static func place(of identity: String) -> String {
        identity.split(separator: "|", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "|")
    }
}
