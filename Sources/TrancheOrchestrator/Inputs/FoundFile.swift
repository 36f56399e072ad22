import FoundationEssentials
import Tranche

/// A file as it was found.
struct FoundFile: Sendable {
    let path: String
    let size: Int64
    /// Nanoseconds since 1970.
    let modified: Int64
    /// What tells it from itself when it was another.
    let mark: FileMark
    /// What tells it from any other, and from itself when it was another.
    let identity: String

    /// Describes a file, with its number on its disk.
    init(path: String, size: Int64, modified: Int64, number: UInt64) {
        (self.path, self.size, self.modified) = (path, size, modified)
        mark = FileMark(size: size, modified: modified, number: number)
        let mark = "|\(mark.text)"
        // A path that leaves no room stands for itself by its digest.
        let hasRoom = path.utf8.count + mark.utf8.count <= 1024
        identity = (hasRoom ? path : "#\(FNVHash(of: path).value)") + mark
    }

    /// When it was changed last.
    var modifiedAt: Date { Date(milliseconds: modified / 1_000_000) }
}

/// The files of a folder that were given, by where they are.
struct KnownFiles: Sendable {
    /// More than one for a file that was written again while nobody watched.
    private var identities: [ExactText: Set<ExactText>] = [:]
    /// Since when files are missed.
    private var missed: [ExactText: Date] = [:]

    /// How long a file must be missed before it is forgotten: a file system may be away for a
    /// while.
    private static let patience = 60.0

    /// Reads what a log knows.
    init(in log: InputLog) async throws {
        var mark: String?
        let size = 1000
        while true {
            let page = try await log.lastingIdentities(after: mark, limit: size)
            for identity in page {
                identities[Self.place(of: identity), default: []].insert(ExactText(identity))
            }
            guard page.count == size else { return }
            mark = page.last
        }
    }

    func has(_ file: FoundFile) -> Bool {
        identities[Self.place(of: file.identity)]?.contains(ExactText(file.identity)) == true
    }

    /// Whether a file of the path was given when it was another.
    func hasOther(_ file: FoundFile) -> Bool {
        identities[Self.place(of: file.identity)] != nil
    }

    mutating func add(_ file: FoundFile) {
        identities[Self.place(of: file.identity), default: []].insert(ExactText(file.identity))
    }

    /// Forgets files that are there no more, and what others were before.
    ///
    /// - Parameters:
    ///   - files: Those that are there; where there is none at all, nothing is forgotten.
    ///   - isAlone: Whether this is the only look, so that nobody is waited for.
    ///   - now: When they were looked for.
    /// - Returns: The identities that are forgotten.
    mutating func remove(allBut files: [FoundFile], isAlone: Bool, now: Date) -> [String] {
        guard !files.isEmpty else { return [] }
        let there = Dictionary(
            files.map { (Self.place(of: $0.identity), ExactText($0.identity)) }
        ) { $1 }
        var gone: Set<ExactText> = []
        for (place, known) in identities {
            guard let current = there[place] else {
                let since = missed[place] ?? now
                missed[place] = since
                guard isAlone || now.timeIntervalSince(since) >= Self.patience else { continue }
                gone.formUnion(known)
                (identities[place], missed[place]) = (nil, nil)
                continue
            }
            missed[place] = nil
            // One that is not given yet is still the other.
            guard known.count > 1, known.contains(current) else { continue }
            gone.formUnion(known.subtracting([current]))
            identities[place] = [current]
        }
        return gone.map(\.text).sorted()
    }

    /// What an identity has in front of size, time and number.
    private static func place(of identity: String) -> ExactText {
        let parts = identity.split(separator: "|", omittingEmptySubsequences: false)
        return ExactText(parts.dropLast(3).joined(separator: "|"))
    }
}
