import FoundationEssentials
import Synchronization
import Tranche

/// What batches leave of one file, each in a part of its own until the run is complete.
///
/// The parts for a file `out.csv` are in `out.csv.parts/`, in a folder for each run of an inventory
/// that ever wrote to it; only those of one's own are put together. A part's name begins with its
/// batch's first id, so that the order of names is that of ids. Parts stay while more may come:
/// what follows in the same run is added to them.
package final class PartFolder: Sendable {
    private static let step: Int64 = 1 << 18

    /// The file that is put together.
    let path: String
    /// Whether what others left at the path is replaced.
    private let overwrites: Bool
    private let claims = Mutex<[RunKey: Claim]>([:])

    /// A run whose batches are written here.
    private struct Claim {
        let run: SinkRun
        /// Whether a file of somebody else's stood at the path when the run began to write.
        var findsOther = false
        /// Known from the run's first batch on.
        var owner: PartOwner?
        /// Likewise: makes the folder, once for all batches that begin at once.
        var folder: Task<String, any Error>?
    }

    init(_ path: String, overwrites: Bool = false) {
        self.path = path
        self.overwrites = overwrites
    }

    var folder: String { path + ".parts" }

    /// Checks that the folder is there or can be made.
    func prepare() throws {
        try Self.requireWritable(folder)
    }

    // MARK: - Claiming

    /// Takes the file for a run.
    ///
    /// - Parameter run: The run.
    /// - Returns: That the output of other runs is replaced, where it is.
    /// - Throws: `TrancheError` `.invalidArgument` where the file is somebody else's.
    func claim(_ run: SinkRun) async throws -> [String] {
        try Self.requireFile(at: target(of: run.key))
        claims.withLock { $0[run.key] = Claim(run: run) }
        let own = Set(try await run.together().map { PartOwner($0.run) })
        // Looked for first: whoever goes on with what was put together has parts only once that is
        // no file of its own any more.
        let withParts = try own.filter(hasParts)
        let whole = PartOwner.all(of: target(of: run.key))
        // What was about to be removed when a process ended.
        if whole.contains(where: own.contains) { try removeFolders(of: Array(withParts)) }
        let there = try PartOwner.all(in: folder).filter { $0.run == run.key.run }
        let found = there + whole.filter { !there.contains($0) }
        let others = found.filter { !own.contains($0) }
        // One that is the run's own by what it says itself stays so, whatever others are about.
        let isOwn = whole.contains(where: own.contains)
        if !overwrites, !isOwn { try requireFree(for: run, found, others) }
        // Said once: when the run has no parts yet.
        guard !found.contains(where: own.contains) else { return [] }
        let isThere = FileManager.default.fileExists(atPath: target(of: run.key))
        claims.withLock { $0[run.key]?.findsOther = isThere }
        return others.map { other in
            "'\(target(of: run.key))' is made anew once no batch is left or has failed: what job '\(other.job)' "
                + "wrote of '\(other.source)' is left out"
                + (there.contains(other) ? "; its parts stay in '\(folder)/\(other.folder)'" : "")
        }
    }

    private func requireFree(
        for run: SinkRun,
        _ found: [PartOwner],
        _ others: [PartOwner]
    ) throws {
        if let other = others.first(where: { !$0.isReplaced(by: run) }) {
            throw TrancheError(
                .invalidArgument,
                "'\(target(of: run.key))' holds what job '\(other.job)' wrote of '\(other.source)'; give "
                    + "another path, or say that it may be replaced with --overwrite"
            )
        }
        if try Self.names(in: folder).contains(where: { $0.hasSuffix(".part") }) {
            throw TrancheError(
                .invalidArgument,
                "'\(folder)' holds parts that do not say whose they are, as an earlier version left them; "
                    + "remove it, give another path, or say that all may be replaced with --overwrite"
            )
        }
        if found.isEmpty, FileManager.default.fileExists(atPath: target(of: run.key)) {
            throw TrancheError(
                .invalidArgument,
                "'\(target(of: run.key))' is there already, and was not made by this job; give another path, "
                    + "or say that it may be replaced with --overwrite"
            )
        }
    }

    // MARK: - Writing

    /// Begins a batch's part, aside.
    ///
    /// - Parameter batch: The batch, with its attempt.
    /// - Returns: The file; finishing it replaces what an earlier attempt left.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`.
    func begin(_ batch: BatchRecord) async throws -> OutputFile {
        let path = try await folder(of: batch.key)
        let making = claims.withLock { $0[batch.key]?.folder }
        do {
            return try await open(batch)
        } catch let error as TrancheError where error.code == .sinkFailed {
            // Another process may have put all together meanwhile, and removed the folder; another
            // batch, or a third process, may have made it anew by now.
            let isThere = FileManager.default.fileExists(atPath: path)
            claims.withLock { claims in
                if !isThere, claims[batch.key]?.folder == making { claims[batch.key]?.folder = nil }
            }
            return try await open(batch)
        }
    }

    private func open(_ batch: BatchRecord) async throws -> OutputFile {
        let folder = try await folder(of: batch.key)
        let name = Self.name(of: batch, doing: try await origins(of: batch).last)
        let file = OutputFile("\(folder)/\(name)", mark: "\(batch.attempt)")
        try await file.open()
        return file
    }

    /// Removes what an earlier attempt of a batch left.
    ///
    /// What the batches that it does again left gives way to nothing.
    ///
    /// - Parameter batch: The batch.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`; of the store.
    func remove(_ batch: BatchRecord) async throws {
        let owner = try await owner(of: batch.key)
        let origins = try await origins(of: batch)
        // Asked first: it lists no folder, which may be of many parts.
        var isThere = !origins.isEmpty && isPutTogether(owner)
        if !isThere { isThere = try await hasPart(ofOneOf: origins, in: batch.key) }
        if isThere { return try await begin(batch).finish() }
        let name = Self.name(of: batch, doing: origins.last)
        try OutputFile.remove("\(folder)/\(owner.folder)/\(name)")
    }

    /// Refuses to do a batch again whose records were put together: they would be there twice.
    ///
    /// - Parameter batch: The batch.
    /// - Throws: `TrancheError` `.sinkFailed`; of the store.
    func requireApart(_ batch: BatchRecord) async throws {
        guard let run = claims.withLock({ $0[batch.key]?.run }) else { return }
        let origins = try await run.origins(of: batch, throughSplits: true)
        // Of one that was quarantined nothing was written.
        let idle = try await run.unsuccessful(among: origins, of: batch.key)
        let written = origins.filter { !idle.contains($0) }
        guard let origin = written.first, try await !hasPart(ofOneOf: written, in: batch.key)
        else { return }
        throw TrancheError(
            .sinkFailed,
            "batch \(batch.id) does batch \(origin) again, whose records were put together in "
                + "'\(target(of: batch.key))' before, and would be there twice; load them anew, "
                + "under another run or job name"
        )
    }

    /// The batches that one does again, as ``SinkRun/origins(of:)`` has them.
    private func origins(of batch: BatchRecord) async throws -> [Int64] {
        let run = claims.withLock { $0[batch.key]?.run }
        return try await run?.origins(of: batch) ?? []
    }

    /// Whether the part of one of some batches is there.
    private func hasPart(ofOneOf batches: [Int64], in key: RunKey) async throws -> Bool {
        if batches.isEmpty { return false }
        let owner = try await owner(of: key)
        let names = try Self.names(in: "\(folder)/\(owner.folder)")
        return names.contains { name in Self.batch(of: name).map { batches.contains($0) } ?? false }
    }

    /// Whether what somebody's batches left was put together once, and their parts removed.
    private func isPutTogether(_ owner: PartOwner) -> Bool {
        let key = RunKey(metaTable: owner.source, job: owner.job, run: owner.run)
        let former = "\(folder)/\(owner.folder)/\(Self.former)"
        return PartOwner.all(of: target(of: key)).contains(owner)
            || FileManager.default.fileExists(atPath: former)
    }

    /// Whose parts those of a run that has batches are.
    private func owner(of key: RunKey) async throws -> PartOwner {
        guard let claim = claims.withLock({ $0[key] }) else {
            throw TrancheError(
                .invalidArgument,
                "'\(path)' was not claimed for \(key) before it was written to"
            )
        }
        if let owner = claim.owner { return owner }
        let owner = PartOwner(try await claim.run.record(of: key))
        claims.withLock { $0[key]?.owner = owner }
        return owner
    }

    /// The folder of a run that has batches, made where it is not there.
    private func folder(of key: RunKey) async throws -> String {
        let making = claims.withLock { claims in
            if let making = claims[key]?.folder { return making }
            let making = Task { try await self.makeFolder(of: key) }
            claims[key]?.folder = making
            return making
        }
        do {
            return try await making.value
        } catch {
            claims.withLock { claims in
                if claims[key]?.folder == making { claims[key]?.folder = nil }
            }
            throw error
        }
    }

    private func makeFolder(of key: RunKey) async throws -> String {
        let owner = try await owner(of: key)
        let mark = OutputFile.ownMark()
        let folder = try await owner.makeFolder(in: folder, mark: mark)
        let run = claims.withLock { $0[key]?.run }
        let own = try await run?.together().map { PartOwner($0.run) } ?? []
        try await takeBack(for: key, into: folder, own: own, mark: mark)
        return folder
    }

    // MARK: - Putting together

    /// Whether what stands at the path is somebody else's, which a run takes the place of only when
    /// it is complete.
    func keepsOther(from run: SinkRun) async throws -> Bool {
        guard run.isUnfinished else { return false }
        if claims.withLock({ $0[run.key]?.findsOther ?? false }) { return true }
        let own = Set(try await run.together().map { PartOwner($0.run) })
        let owners = PartOwner.all(of: target(of: run.key))
        return !owners.isEmpty && !owners.contains(where: own.contains)
    }

    /// A part of a batch that succeeded.
    struct Part {
        let path: String
        let size: Int64
        /// Of what was put together before: the items whose batches were done again since.
        var again = IDRuns()
    }

    /// The parts of the batches that succeeded, in order of source and id.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - areAllThere: Whether each batch that succeeded must have left one.
    /// - Returns: The parts.
    /// - Throws: `TrancheError` `.sinkFailed` when some are gone; of the store.
    func parts(of run: SinkRun, areAllThere: Bool) async throws -> [Part] {
        var kept: [Part] = []
        var lacking: TrancheError?
        // Asked before the parts are listed: those of batches that succeed meanwhile are there as
        // well.
        for summary in try await run.together() {
            let folder = "\(folder)/\(PartOwner(summary.run).folder)"
            let parts = try Self.names(in: folder).sorted().compactMap { name in
                Self.batch(of: name).map { (path: "\(folder)/\(name)", batch: $0) }
            }
            let key = summary.run.key
            let left = try await run.unsuccessful(among: parts.map(\.batch), of: key)
            let own = parts.filter { !left.contains($0.batch) }
            let origins = own.map { (number: $0.batch, origin: Self.origin(of: $0.path)) }
            let again = try await run.batches(Self.withoutOrigin(among: origins), of: key)
            let replaced = Self.replaced(among: origins).union(Self.earlier(among: again))
            let succeeded = summary.totals[.succeeded]?.batches ?? 0
            if areAllThere, own.count < succeeded {
                lacking = TrancheError(
                    .sinkFailed,
                    "'\(target(of: run.key))' is not put together: of \(succeeded) batches of "
                        + "\(key) that succeeded only \(own.count) have a part in '\(folder)'; "
                        + "load them anew, under another run or job name"
                )
            }
            for part in own where !replaced.contains(part.batch) {
                let size = try await LocalFile(part.path).state().size
                if size == 0, !areAllThere { continue }
                var found = Part(path: part.path, size: size)
                if part.path.hasSuffix("/\(Self.former)") { found.again = Self.items(of: again) }
                kept.append(found)
            }
        }
        // What was put together before has the parts that are no more.
        let isContinued = kept.contains { $0.path.hasSuffix("/\(Self.former)") }
        if let lacking, !isContinued { throw lacking }
        return kept
    }

    /// Writes the file of a run, aside and renamed into place; a link stays, and leads to it.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - body: Writes.
    /// - Throws: What `body` throws; `TrancheError` `.sinkFailed`, `.sinkUnavailable`.
    func write(
        for key: RunKey,
        _ body: (OutputFile) async throws -> Void
    ) async throws {
        let target = target(of: key)
        // A run without records has made none. What a link leads to may be a disk that is away.
        try Self.makeFolder(URL(filePath: target).deletingLastPathComponent().path)
        let output = OutputFile(SymbolicLinks.end(of: target), mark: OutputFile.ownMark())
        do {
            try await output.open()
            try await body(output)
            try await output.finish()
        } catch {
            await output.abandon()
            throw error
        }
    }

    /// Copies parts one after the other.
    func copy(_ parts: [Part], into output: OutputFile) async throws {
        for part in parts {
            try await Self.eachChunk(of: part.path, from: 0, to: part.size) {
                try await output.append($0)
            }
        }
    }

    /// Reads a file chunk by chunk.
    static func eachChunk(
        of path: String,
        from start: Int64,
        to end: Int64,
        _ body: ([UInt8]) async throws -> Void
    ) async throws {
        let file = LocalFile(path)
        var place = start
        while place < end {
            let bytes = try await file.read(place..<min(end, place + step))
            if bytes.isEmpty { return }
            try await body(bytes)
            place += Int64(bytes.count)
        }
    }

    /// Removes the file of a run, if it is there; a link stays, and leads to nothing.
    func removeTarget(of key: RunKey) throws {
        try OutputFile.remove(SymbolicLinks.end(of: target(of: key)))
    }

    /// The names in a folder; none when it was never made.
    static func names(in folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw TrancheError(
                .sinkFailed,
                "cannot list the folder '\(folder)': \(FileFault(error))",
                underlying: error
            )
        }
    }

    // MARK: - Names

    /// The file of a run.
    func target(of key: RunKey) -> String {
        Self.path(path, ofRun: key.run)
    }

    /// The file that a run writes, where its job writes to a path.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - run: The run's name; empty for the one without a name.
    /// - Returns: The run's path: for a named run the name stands before the extension.
    package static func path(_ path: String, ofRun run: String) -> String {
        if run.isEmpty { return path }
        let name = URL(filePath: path).lastPathComponent
        let run = safe(run)
        let stem = path.dropLast(name.count)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else {
            return "\(path).\(run)"
        }
        return "\(stem)\(name[..<dot]).\(run)\(name[dot...])"
    }

    /// Such as `p00000000000000004711-12.part`; where it does others again, with the number of the
    /// one that all began with before its own.
    private static func name(of batch: BatchRecord, doing origin: Int64?) -> String {
        "\(start(of: batch))-\(origin.map { "\($0)-" } ?? "")\(batch.id).part"
    }

    /// The number of the batch that a part's one does again, as its name tells it; `nil` where it
    /// does none.
    private static func origin(of path: String) -> Int64? {
        let numbers = path.split(separator: "/").last?.split(separator: "-") ?? []
        return numbers.count == 3 ? Int64(numbers[1]) : nil
    }

    /// Which of some batches that succeeded others of them did again, be it what did a third one
    /// again: of all that began with one batch, the latest stays.
    static func replaced(among batches: [(number: Int64, origin: Int64?)]) -> Set<Int64> {
        let origins = Dictionary(batches.map { ($0.number, $0.origin) }, uniquingKeysWith: { $1 })
        func root(of number: Int64) -> Int64 {
            var root = number
            while let origin = origins[root] ?? nil, origin < root { root = origin }
            return root
        }
        var latest: [Int64: Int64] = [:]
        for (number, _) in batches {
            latest[root(of: number)] = max(latest[root(of: number)] ?? number, number)
        }
        return Set(batches.map(\.number).filter { latest[root(of: $0)] != $0 })
    }

    /// The first id, such as `p00000000000000004711`; `n` and the distance from the lowest id for
    /// a negative one.
    static func start(of batch: BatchRecord) -> String {
        let isNegative = batch.idStart < 0
        let digits = String(isNegative ? UInt64(bitPattern: batch.idStart) : UInt64(batch.idStart))
        let padded = String(repeating: "0", count: 20 - digits.count) + digits
        return "\(isNegative ? "n" : "p")\(padded)"
    }

    private static func batch(of name: String) -> Int64? {
        guard name.hasSuffix(".part"), let dash = name.lastIndex(of: "-") else { return nil }
        return Int64(name[name.index(after: dash)...].dropLast(".part".count))
    }

    /// A name of a job or run as a file's.
    static func safe(_ run: String) -> String {
        let bytes = run.utf8.flatMap { byte -> [UInt8] in
            let isPlain =
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x5F
            return isPlain ? [byte] : Array("%\(String(byte, radix: 16))".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Checks that a folder, or the nearest one above it that exists, may be written to.
    static func requireWritable(_ path: String) throws {
        try requireNoDatabase(at: path)
        var url = URL(filePath: path).absoluteURL
        while !FileManager.default.fileExists(atPath: url.path), url.path != "/" {
            url = url.deletingLastPathComponent()
        }
        var isFolder = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        guard isFolder, FileManager.default.isWritableFile(atPath: url.path) else {
            throw TrancheError(
                .sinkFailed,
                "cannot make the folder '\(path)': '\(url.path)' is "
                    + (isFolder ? "not to be written to" : "no folder")
            )
        }
    }

    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
        } catch {
            throw TrancheError(
                .sinkFailed,
                "cannot make the folder '\(path)': \(FileFault(error))",
                underlying: error
            )
        }
    }
}
