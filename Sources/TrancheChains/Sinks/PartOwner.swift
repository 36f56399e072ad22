import FoundationEssentials
import Tranche

/// Whose parts a folder holds: a run of one inventory.
///
/// When the run began tells it from one of the same name in another inventory, or before it was
/// forgotten.
struct PartOwner: Sendable, Hashable, Codable {
    var source: String
    var job: String
    var run: String
    /// Milliseconds since 1970 UTC.
    var began: Int64

    init(_ run: RunRecord) {
        source = run.key.metaTable
        job = run.key.job
        self.run = run.key.run
        began = run.createdAt.milliseconds
    }

    /// Whether it is a run of one's own job over the same source, such as one of another inventory
    /// or one that was forgotten.
    func isReplaced(by run: SinkRun) -> Bool {
        job == run.key.job && (source == run.key.metaTable || run.spansJob)
    }

    /// The name of its folder, such as `load-3f2a90c1d4e5b677`.
    var folder: String {
        // Source: Fowler, Noll, Vo: FNV-1a of 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in [source, job, run, String(began)] {
            for byte in Array(part.utf8) + [0] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        let digits = String(hash, radix: 16)
        let padding = String(repeating: "0", count: 16 - digits.count)
        return "\(PartFolder.safe(job).prefix(60))-\(padding)\(digits)"
    }

    // MARK: - Files

    /// The name of the file that says whose a folder is.
    private static let fileName = "run.json"

    /// Those who have a folder in a folder.
    ///
    /// - Throws: `TrancheError` `.sinkFailed` for what cannot be read.
    static func all(in folder: String) throws -> [PartOwner] {
        // What is about to be removed begins with a dot.
        try PartFolder.names(in: folder).sorted().filter { !$0.hasPrefix(".") }
            .compactMap { try read("\(folder)/\($0)/\(fileName)") }
    }

    /// Reads whose a folder is; `nil` where no file says so.
    private static func read(_ path: String) throws -> PartOwner? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            return try JSONDecoder().decode(PartOwner.self, from: data)
        } catch {
            throw TrancheError(
                .sinkFailed,
                "'\(path)' does not say whose parts these are; remove its folder if nobody needs it",
                underlying: error
            )
        }
    }

    /// Makes its folder in a folder, and says there whose it is.
    ///
    /// - Returns: The folder.
    func makeFolder(in parent: String, mark: String) async throws -> String {
        let folder = "\(parent)/\(self.folder)"
        let path = "\(folder)/\(Self.fileName)"
        try PartFolder.makeFolder(folder)
        if try Self.read(path) == self { return folder }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let file = OutputFile(path, mark: mark)
        try await file.open()
        try await file.append(Array(try encoder.encode(self)) + [0x0A])
        try await file.finish()
        return folder
    }

    /// Gives its folder in a folder up.
    func remove(from parent: String) throws {
        try OutputFile.remove("\(parent)/\(folder)/\(Self.fileName)")
    }
}
