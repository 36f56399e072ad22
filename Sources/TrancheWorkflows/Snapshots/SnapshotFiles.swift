import FoundationEssentials
import Tranche
import TrancheConnectors

/// What keeps snapshots under names: a folder, or a prefix of objects.
protocol SnapshotFiles: Sendable {
    /// The path of the folder, or the URL of the prefix, without a slash at its end.
    var place: String { get }
    /// The place in words, as runs store it.
    var database: String { get }

    /// The names of all files, snapshots or not.
    ///
    /// - Throws: `TrancheError` `.invalidSource` or `.sourceUnavailable`.
    func names() async throws -> [KeptDocument]

    /// The size of a file, in bytes; `nil` for one that was taken away since it was listed.
    func size(of file: KeptDocument) throws -> Int64?

    /// The text of a file.
    func text(of name: String) async throws -> String
}

/// The files of a folder.
struct FolderSnapshots: SnapshotFiles {
    let place: String

    var database: String { "folder \(place)" }

    func names() throws -> [KeptDocument] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: place).map { name in
                KeptDocument(name: name, size: 0)
            }
        } catch {
            throw TrancheError(
                .invalidSource,
                "the folder of snapshots '\(place)' cannot be read: \(FileFault(error))",
                underlying: error
            )
        }
    }

    func size(of file: KeptDocument) throws -> Int64? {
        let path = "\(place)/\(file.name)"
        do {
            return try FileContents.size(of: path)
        } catch {
            throw TrancheError(
                .invalidSource,
                "the snapshot '\(path)' cannot be looked at: \(error)",
                underlying: error
            )
        }
    }

    func text(of name: String) throws -> String {
        try String(contentsOfFile: "\(place)/\(name)", encoding: .utf8)
    }
}

/// The objects of a prefix; each look lists all of them.
struct ObjectSnapshots: SnapshotFiles {
    let place: String
    let keeper: any DocumentConnector
    let context: ConnectorContext

    var database: String { "objects \(place)" }

    func names() async throws -> [KeptDocument] {
        try await keeper.documents(under: place, context)
    }

    func size(of file: KeptDocument) -> Int64? { file.size }

    func text(of name: String) async throws -> String {
        String(decoding: try await keeper.document(at: "\(place)/\(name)", context), as: UTF8.self)
    }
}
