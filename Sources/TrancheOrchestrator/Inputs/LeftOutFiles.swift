internal import CPosix
import Glibc
import Tranche

/// The files that are left out of a folder since this program itself writes to them: what is made
/// of them would change them again, and what is done with them would be done to the inventory.
struct LeftOutFiles: Sendable {
    private let own: [(files: OwnFiles, number: FileNumber?)]
    /// What was left out, a text each.
    private(set) var words: [String] = []

    /// Looks at where the databases are now.
    init(_ own: [OwnFiles]) { self.own = own.map { (files: $0, number: FileNumber(of: $0.path)) } }

    /// Whether a file is left out, which is noted.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - status: What the system says of it: a database may have a second name.
    /// - Returns: Whether it is.
    mutating func take(_ path: String, _ status: stat) -> Bool {
        let number = FileNumber(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        let owner = own.first { $0.number == number || $0.files.contain(path) }
        guard let owner else { return false }
        let text = owner.files.words
        if !words.contains(text) { words.append(text) }
        return true
    }
}
