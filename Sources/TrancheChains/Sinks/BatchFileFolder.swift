import FoundationEssentials
import Synchronization
import Tranche

/// A folder with a file for each batch of a run; whose it is stands in a folder beside it.
final class BatchFileFolder: Sendable {
    private let path: String
    private let overwrites: Bool
    private let suffix: String
    private let runs = Mutex<[RunKey: (run: SinkRun, isKnown: Bool)]>([:])

    init(_ path: String, overwrites: Bool, suffix: String) {
        self.path = path
        self.overwrites = overwrites
        self.suffix = suffix
    }

    /// Where it is said whose the files are: not among them, since all that is there is read as
    /// records.
    private var owners: String { path.trimmingSuffix { $0 == "/" } + ".parts" }

    /// Takes the folder for a run.
    ///
    /// - Parameter run: The run.
    /// - Returns: That the files of others were removed, where they were.
    /// - Throws: `TrancheError` `.invalidArgument` where it holds the files of others.
    func claim(_ run: SinkRun) async throws -> [String] {
        runs.withLock { $0[run.key] = (run, false) }
        try removeAbandoned()
        // In the opposite order of that in which they come: another process may just begin a
        // run of the same job, which is in the inventory before it signs, and signs before it
        // writes.
        let files = try PartFolder.names(in: path).filter(isBatchFile)
        let found = try PartOwner.all(in: owners)
        let own = Set(try await run.together().map { PartOwner($0.run) })
        let other = found.first { !own.contains($0) }
        guard other != nil || found.isEmpty && !files.isEmpty else { return [] }
        let whose = other.map { "of job '\($0.job)' over '\($0.source)'" } ?? "of an unknown job"
        guard overwrites else {
            throw TrancheError(
                .invalidArgument,
                "the folder '\(path)' holds files \(whose); give another folder, or say that they may be "
                    + "replaced with --overwrite"
            )
        }
        // A run that has begun to write here has made the folder its own before.
        guard !found.contains(where: own.contains) else { return [] }
        for name in files { try OutputFile.remove("\(path)/\(name)") }
        for owner in found { try owner.remove(from: owners) }
        return ["\(files.count) files \(whose) were removed from '\(path)'"]
    }

    /// Removes what processes left there that ended while they wrote.
    private func removeAbandoned() throws {
        let here = ProcessMark.currentPlace
        for name in try PartFolder.names(in: path)
        where OutputFile.isAbandoned(name, seenFrom: here) {
            try OutputFile.remove("\(path)/\(name)")
        }
    }

    /// Whether a name is one that is given here, such as `p00000000000000004711-12.csv`.
    private func isBatchFile(_ name: String) -> Bool {
        guard name.first == "p" || name.first == "n", name.hasSuffix(".\(suffix)") else {
            return false
        }
        let parts = name.dropFirst().dropLast(suffix.count + 1).split(separator: "-")
        return parts.count == 2 && parts[0].utf8.count == 20
            && parts.allSatisfy { $0.utf8.allSatisfy { $0 &- 0x30 < 10 } }
    }

    /// The file of a batch; one that does another batch again takes the place of that one's, be it
    /// what did a third one again: all of them have the file of the one that they began with.
    private func file(of batch: BatchRecord) async throws -> String {
        let run = try claimed(batch.key).run
        let number = try await run.origins(of: batch).last ?? batch.id
        return "\(path)/\(PartFolder.start(of: batch))-\(number).\(suffix)"
    }

    /// Removes what an earlier attempt of a batch left.
    ///
    /// - Parameter batch: The batch.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`; of the store.
    func remove(_ batch: BatchRecord) async throws {
        try OutputFile.remove(try await file(of: batch))
    }

    /// Begins a batch's file, aside.
    func begin(_ batch: BatchRecord) async throws -> OutputFile {
        try PartFolder.makeFolder(path)
        try await sign(for: batch)
        let file = OutputFile(try await file(of: batch), mark: OutputFile.ownMark())
        try await file.open()
        return file
    }

    /// A run that the folder was taken for, and whether that is said beside it.
    private func claimed(_ key: RunKey) throws -> (run: SinkRun, isKnown: Bool) {
        if let claim = runs.withLock({ $0[key] }) { return claim }
        throw TrancheError(
            .invalidArgument,
            "'\(path)' was not claimed for \(key) before it was written to"
        )
    }

    /// Says whose the files are, once.
    private func sign(for batch: BatchRecord) async throws {
        let (run, isKnown) = try claimed(batch.key)
        if isKnown { return }
        let owner = PartOwner(try await run.record(of: batch.key))
        _ = try await owner.makeFolder(in: owners, mark: "\(batch.id)-\(batch.attempt)")
        runs.withLock { $0[batch.key]?.isKnown = true }
    }
}
