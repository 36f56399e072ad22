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
    /// More than one for a file that was written again while nobody watched.
    private var identities: [String: Set<String>] = [:]

    /// Reads what a log knows.
    init(in log: InputLog) async throws {
        var mark: String?
        let size = 1000
        while true {
            let page = try await log.lastingIdentities(after: mark, limit: size)
            for identity in page {
                identities[Self.place(of: identity), default: []].insert(identity)
            }
            guard page.count == size else { return }
            mark = page.last
        }
    }

    func has(_ file: FoundFile) -> Bool {
        identities[Self.place(of: file.identity)]?.contains(file.identity) == true
    }

    /// Whether a file of the path was given when it was another.
    func hasOther(_ file: FoundFile) -> Bool {
        identities[Self.place(of: file.identity)] != nil
    }

    mutating func add(_ file: FoundFile) {
        identities[Self.place(of: file.identity), default: []].insert(file.identity)
    }

    /// Forgets files that are there no more, and what others were before.
    ///
    /// - Parameter files: Those that are there.
    /// - Returns: The identities that are forgotten.
    mutating func remove(allBut files: [FoundFile]) -> [String] {
        let there = Dictionary(files.map { (Self.place(of: $0.identity), $0.identity) }) { $1 }
        var gone: [String] = []
        for (place, known) in identities {
            guard let current = there[place] else {
                gone += known
                identities[place] = nil
                continue
            }
            // One that is not given yet is still the other.
            guard known.count > 1, known.contains(current) else { continue }
            gone += known.subtracting([current])
            identities[place] = [current]
        }
        return gone.sorted()
    }

    /// What an identity has in front of size, time and number.
    private static func place(of identity: String) -> String {
        identity.split(separator: "|", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "|")
    }
}
