import CPosix
import FoundationEssentials
import Glibc
import Tranche

/// What becomes of parts when all that a run has was put together.
///
/// The file itself then says whose records it holds, in an extended attribute, and the parts are
/// removed. Where more batches follow all the same, the file becomes the first part of what is put
/// together next. Where the file system has no such attributes, parts stay. So do those of a job
/// over several sources, to which others may come that stand between them.
extension PartFolder {
    /// The name of the part that is what was put together before; it comes before all others.
    static let former = "a-0.part"

    /// Whether a run's file holds all that the run has put together, and says so.
    func isWhole(_ run: SinkRun) async throws -> Bool {
        let owners = PartOwner.all(of: target(of: run.key))
        if owners.isEmpty { return false }
        let own = Set(try await run.together().map { PartOwner($0.run) })
        return owners.contains(where: own.contains)
    }

    /// Removes the parts of a run, once all its batches have succeeded and nothing more is to come;
    /// of a job over several sources what killed attempts left.
    ///
    /// - Parameter run: The run; what it has was put together.
    /// - Throws: `TrancheError` `.sinkFailed` for what cannot be removed; of the store.
    func clean(_ run: SinkRun) async throws {
        let runs = try await run.together()
        let areAllDone = runs.allSatisfy { summary in
            summary.totals.allSatisfy { $0.key == .succeeded || $0.value.batches == 0 }
        }
        guard areAllDone else { return }
        let (own, target) = (runs.map { PartOwner($0.run) }, target(of: run.key))
        if run.spansJob {
            for owner in own { try removeAttempts(in: "\(folder)/\(owner.folder)") }
            return try removeAbandoned(target)
        }
        if FileManager.default.fileExists(atPath: target) {
            guard PartOwner.note(own, in: target) else { return }
        }
        try removeFolders(of: own)
        try removeAbandoned(target)
    }

    /// Whether somebody's folder has parts besides what was put together before: one without such
    /// may be about to take that back.
    func hasParts(_ owner: PartOwner) throws -> Bool {
        try Self.names(in: "\(folder)/\(owner.folder)").contains {
            $0.hasSuffix(".part") && $0 != Self.former
        }
    }

    /// Removes folders that are not used any more: processes that look meanwhile see all of one, or
    /// nothing.
    func removeFolders(of owners: [PartOwner]) throws {
        for owner in owners {
            let path = "\(folder)/\(owner.folder)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let aside = "\(folder)/.removed-\(UUID().uuidString)"
            guard rename(path, aside) == 0 || errno == ENOENT else {
                throw OutputFile.error("remove", path, errno)
            }
        }
        for name in try Self.names(in: folder) where name.hasPrefix(".removed-") {
            do {
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            } catch {
                // Another process may remove it, too.
                guard FileManager.default.fileExists(atPath: "\(folder)/\(name)") else { continue }
                throw TrancheError(
                    .sinkFailed,
                    "cannot remove '\(folder)/\(name)': \(FileFault(error))",
                    underlying: error
                )
            }
        }
        // It stays while there are others' parts in it.
        _ = rmdir(folder)
    }

    // MARK: - What is done again later

    /// Which of some batches did others again that are not among them, such as those whose parts
    /// were removed.
    static func withoutOrigin(among batches: [(number: Int64, origin: Int64?)]) -> [Int64] {
        let numbers = Set(batches.map(\.number))
        return batches.filter { $0.origin.map { !numbers.contains($0) } ?? false }.map(\.number)
    }

    /// Of batches of a run that are of the same items, and so did one batch again, all but the
    /// latest.
    static func earlier(among batches: [BatchRecord]) -> Set<Int64> {
        let alike = Dictionary(grouping: batches) { items(of: [$0]) }
        let latest = Set(alike.values.compactMap { $0.map(\.id).max() })
        return Set(batches.map(\.id)).subtracting(latest)
    }

    /// The items of batches; all from the first to the last of one that does not say which.
    static func items(of batches: [BatchRecord]) -> IDRuns {
        IDRuns(runs: batches.flatMap { ($0.itemIDs ?? IDRuns($0.range)).runs })
    }

    // MARK: - Removing

    /// Removes what attempts left that wrote a part and did not end: the batch has another by now.
    private func removeAttempts(in folder: String) throws {
        for name in try Self.names(in: folder) where name.hasSuffix(".tmp") {
            try OutputFile.remove("\(folder)/\(name)")
        }
    }

    /// Removes what processes that are gone left when they were about to put a file together.
    private func removeAbandoned(_ target: String) throws {
        // Beside what a link leads to, as ``write(for:_:)`` has it.
        let url = URL(filePath: SymbolicLinks.end(of: target)).absoluteURL
        let parent = url.deletingLastPathComponent().path
        let start = url.lastPathComponent + "."
        let here = ProcessMark.currentPlace
        for name in try Self.names(in: parent) where name.hasPrefix(start) && name.hasSuffix(".tmp")
        {
            guard OutputFile.isAbandoned(name, seenFrom: here) || Self.isOfEnded(name, start) else {
                continue
            }
            try OutputFile.remove("\(parent)/\(name)")
        }
    }

    /// Whether a name is one that an earlier version gave, with the number of a process alone, and
    /// there is none of that number.
    private static func isOfEnded(_ name: String, _ start: String) -> Bool {
        let mark = name.dropFirst(start.count).dropLast(".tmp".count)
        guard let process = pid_t(mark), process > 0 else { return false }
        return kill(process, 0) != 0 && errno == ESRCH
    }

    /// Makes what was put together before a part of its own, where it was cleaned.
    ///
    /// - Parameters:
    ///   - key: The run that goes on.
    ///   - folder: The folder of its parts, which is there.
    ///   - own: The runs whose records the file may hold.
    ///   - mark: The mark that distinguishes a copy from those of others that begin at once.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`.
    func takeBack(
        for key: RunKey,
        into folder: String,
        own: [PartOwner],
        mark: String
    ) async throws {
        // A link stays: what is put together next is written to where it leads.
        let target = SymbolicLinks.end(of: target(of: key))
        guard PartOwner.all(of: target).contains(where: Set(own).contains) else { return }
        let former = "\(folder)/\(Self.former)"
        // Of several that begin at once one does.
        let code = rename(target, former) == 0 ? 0 : errno
        switch code {
        case 0, ENOENT: return
        case EXDEV:
            try removeAbandoned(former)
            try await Self.copyBack(target, to: former, mark: mark)
        default: throw OutputFile.error("rename to", former, code)
        }
    }

    /// Copies what was put together on another file system, and removes it there.
    ///
    /// The copy is whole before that goes, so that there is one whenever the process ends.
    ///
    /// - Parameters:
    ///   - target: The file; one that is gone was taken by another that began at once.
    ///   - former: Where to.
    ///   - mark: The mark of the copy while it is not whole.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`.
    static func copyBack(_ target: String, to former: String, mark: String) async throws {
        guard let identity = LocalFile.identity(at: target) else { return }
        let file = LocalFile(target, isPinned: true)
        let state = try await file.state()
        guard state.identity == identity else { return }
        let output = OutputFile(former, mark: mark)
        do {
            try await output.open()
            var place: Int64 = 0
            while place < state.size {
                let bytes = try await file.read(place..<min(state.size, place + 1 << 18))
                if bytes.isEmpty { break }
                try await output.append(bytes)
                place += Int64(bytes.count)
            }
            try await output.finish()
        } catch {
            await output.abandon()
            throw error
        }
        // Another that began at once may have put all together there by now.
        guard LocalFile.identity(at: target) == identity else { return }
        try OutputFile.remove(target)
        try OutputFile.syncFolder(of: target)
    }
}

extension PartOwner {
    private static let attribute = "user.tranche.runs"

    /// Those whose records a file holds, as it says itself; none where it says nothing.
    static func all(of file: String) -> [PartOwner] {
        let size = tranche_attribute(file, attribute, nil, 0)
        guard size > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: size)
        let read = tranche_attribute(file, attribute, &bytes, size)
        // What changed meanwhile, or is not ours, says nothing.
        guard read == size else { return [] }
        return (try? JSONDecoder().decode([PartOwner].self, from: Data(bytes))) ?? []
    }

    /// Notes in a file whose records it holds.
    ///
    /// - Returns: Whether the file system keeps that.
    static func note(_ owners: [PartOwner], in file: String) -> Bool {
        guard let text = try? JSONText.encode(owners) else { return false }
        let bytes = Array(text.utf8)
        return tranche_set_attribute(file, attribute, bytes, bytes.count) == 0
    }
}
