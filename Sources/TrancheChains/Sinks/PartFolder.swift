import CPosix
import Foundation
import Tranche

/// What batches leave of one file, each in a part of its own until the run is complete.
///
/// The parts of the open-ended run of a file `out.csv` are in `out.csv.parts/`, those of a named run in a folder
/// of that name in it. A part's name begins with its batch's first id, so that the order of names is that of
/// ids. Parts stay: a later run of the same name puts all of them together again.
struct PartFolder: Sendable, Hashable {
    private static let step = 1 << 18

    /// The file that is put together.
    let path: String
    private var folder: String { path + ".parts" }

    init(_ path: String) {
        self.path = path
    }

    /// Checks that the folder is there or can be made.
    func prepare() throws {
        try Self.requireWritable(folder)
    }

    /// Begins a batch's part, aside.
    ///
    /// - Parameter batch: The batch, with its attempt.
    /// - Returns: The file; finishing it replaces what an earlier attempt left.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`.
    func begin(_ batch: BatchRecord) async throws -> OutputFile {
        let folder = folder(of: batch.key)
        try Self.makeFolder(folder)
        let file = OutputFile("\(folder)/\(Self.name(of: batch))", mark: "\(batch.attempt)")
        try await file.open()
        return file
    }

    /// Removes what an earlier attempt of a batch left.
    func remove(_ batch: BatchRecord) async throws {
        try OutputFile.remove("\(folder(of: batch.key))/\(Self.name(of: batch))")
    }

    /// Puts the parts of the batches that succeeded together, in order of id.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - haveHeads: Whether each part begins with a header record, which the file has once; all must have
    ///     the same.
    ///   - keepingEmpty: Whether there is to be a file when no part has anything.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`; of the store.
    func assemble(
        _ run: SinkRun,
        haveHeads: Bool = false,
        keepingEmpty: Bool
    ) async throws {
        let folder = folder(of: run.key)
        let parts = try Self.names(in: folder).sorted().compactMap { name in
            Self.batch(of: name).map { (name: name, batch: $0) }
        }
        let left = try await run.unsuccessful(among: parts.map(\.batch))
        let kept = parts.filter { !left.contains($0.batch) }
        let target = target(of: run.key)
        guard !kept.isEmpty || keepingEmpty else { return try OutputFile.remove(target) }
        let output = OutputFile(target, mark: "\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try await output.open()
            var head: [UInt8]?
            for part in kept {
                let file = LocalFile("\(folder)/\(part.name)")
                let size = try await file.state().size
                var start: Int64 = 0
                if haveHeads, size > 0 {
                    let own = try await self.head(of: file, size: size)
                    if let head, head != own { throw differentHeads(head, own) }
                    start = head == nil ? 0 : Int64(own.count)
                    head = own
                }
                try await copy(file, from: start, to: size, into: output)
            }
            try await output.finish()
        } catch {
            await output.abandon()
            throw error
        }
    }

    private func copy(
        _ file: LocalFile,
        from start: Int64,
        to end: Int64,
        into output: OutputFile
    ) async throws {
        var place = start
        while place < end {
            let bytes = try await file.read(place..<min(end, place + Int64(Self.step)))
            if bytes.isEmpty { return }
            try await output.append(bytes)
            place += Int64(bytes.count)
        }
    }

    /// The first record of a part.
    private func head(of file: LocalFile, size: Int64) async throws -> [UInt8] {
        let start = try await file.read(0..<min(size, Int64(Self.step)))
        var scanner = RecordScanner(at: 0, delimiter: 0x2C, quote: 0x22)
        start.withUnsafeBufferPointer { _ = scanner.scan($0, limit: .max, most: 1) }
        return Array(start.prefix(Int(scanner.end)))
    }

    private func differentHeads(_ first: [UInt8], _ second: [UInt8]) -> TrancheError {
        func words(_ head: [UInt8]) -> String {
            String(decoding: head, as: UTF8.self).trimming { $0.isNewline }
        }
        return TrancheError(
            .sinkFailed,
            "'\(path)' cannot have two headers: \(words(first)), and \(words(second)); give all records the "
                + "same fields, or write a file for each batch"
        )
    }

    /// The names in a folder; none when it was never made.
    private static func names(in folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw TrancheError(
                .sinkFailed,
                "cannot list the folder '\(folder)': \(error.localizedDescription)",
                underlying: error
            )
        }
    }

    // MARK: - Names

    /// The file of a run: for a named run its name stands before the extension.
    func target(of key: RunKey) -> String {
        if key.run.isEmpty { return path }
        let name = URL(filePath: path).lastPathComponent
        let run = Self.safe(key.run)
        let stem = path.dropLast(name.count)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else {
            return "\(path).\(run)"
        }
        return "\(stem)\(name[..<dot]).\(run)\(name[dot...])"
    }

    private func folder(of key: RunKey) -> String {
        key.run.isEmpty ? folder : "\(folder)/\(Self.safe(key.run))"
    }

    /// Such as `p00000000000000004711-12.part`; `n` and the distance from the lowest id for negative ones.
    static func name(of batch: BatchRecord) -> String {
        let isNegative = batch.idStart < 0
        let digits = String(isNegative ? UInt64(bitPattern: batch.idStart) : UInt64(batch.idStart))
        let padded = String(repeating: "0", count: 20 - digits.count) + digits
        return "\(isNegative ? "n" : "p")\(padded)-\(batch.id).part"
    }

    private static func batch(of name: String) -> Int64? {
        guard name.hasSuffix(".part"), let dash = name.lastIndex(of: "-") else { return nil }
        return Int64(name[name.index(after: dash)...].dropLast(".part".count))
    }

    /// A run's name as a file's.
    private static func safe(_ run: String) -> String {
        let bytes = run.utf8.flatMap { byte -> [UInt8] in
            let isPlain =
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x5F
            return isPlain ? [byte] : Array("%\(String(byte, radix: 16))".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Checks that a folder, or the nearest one above it that exists, may be written to.
    static func requireWritable(_ path: String) throws {
        var url = URL(filePath: path).absoluteURL
        while !FileManager.default.fileExists(atPath: url.path), url.path != "/" {
            url = url.deletingLastPathComponent()
        }
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        guard isFolder.boolValue, FileManager.default.isWritableFile(atPath: url.path) else {
            throw TrancheError(
                .sinkFailed,
                "cannot make the folder '\(path)': '\(url.path)' is "
                    + (isFolder.boolValue ? "not to be written to" : "no folder")
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
                "cannot make the folder '\(path)': \(error.localizedDescription)",
                underlying: error
            )
        }
    }
}
