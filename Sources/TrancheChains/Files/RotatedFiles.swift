import CPosix
import FoundationEssentials
import Glibc
import Tranche

/// The files in a folder that are named as those are which stood under a name before: `app.log.1`,
/// `app.log-20240131`, `app-20240131.log`, compressed or not.
///
/// Source of the names: logrotate 3.21, options `dateext`, `extension`, `compress` and the plain
/// numbers; Python's `logging.handlers`.
struct RotatedFiles {
    private let folder: String
    private let name: String

    /// Names the file that grows.
    ///
    /// - Parameter path: Its absolute path.
    init(of path: String) {
        let url = URL(filePath: path)
        folder = url.deletingLastPathComponent().path
        name = url.lastPathComponent
    }

    /// Whether a name is one that a file gets when it is rotated.
    ///
    /// Of a compressed one the mark stands behind its name or before the ending.
    func isRotated(_ other: String) -> Bool {
        let plain = CompressionEnding.removed(from: other)
        return Self.isRotated(plain, of: name)
            || Self.isRotated(plain, of: CompressionEnding.removed(from: name))
    }

    private static func isRotated(_ plain: String, of name: String) -> Bool {
        if plain != name, plain.hasPrefix(name) { return isMark(plain.dropFirst(name.count)) }
        // Between the name and its ending.
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return false }
        let (stem, ending) = (name[..<dot], name[dot...])
        guard plain.count > name.count, plain.hasPrefix(stem), plain.hasSuffix(ending) else {
            return false
        }
        return isMark(plain.dropFirst(stem.count).dropLast(ending.count))
    }

    /// A sign, and a number or a time.
    private static func isMark(_ mark: Substring) -> Bool {
        guard let first = mark.first, ".-_".contains(first) else { return false }
        let rest = mark.dropFirst()
        return rest.contains { $0.isASCII && $0.isNumber }
            && rest.allSatisfy { $0.isASCII && ($0.isNumber || ".-_:TZ+".contains($0)) }
    }

    /// Finds the files that stood there after one that is known, and before the one that stands
    /// there now.
    ///
    /// Each was last written after the one before it, or at the same time. Files without a line,
    /// and those that are known, are left out.
    ///
    /// - Parameters:
    ///   - former: The one that is known, where it is now; `nil` when it is gone, and so is its
    ///     time.
    ///   - now: The state of the one that stands there.
    ///   - known: All that are known.
    ///   - place: The place.
    /// - Returns: The files, in order of time.
    /// - Throws: What reading them throws.
    func files(
        after former: (any ByteReader)?,
        _ now: ByteState,
        known: [FileGeneration],
        _ place: FollowedPlace
    ) async throws -> [(bytes: any ByteReader, state: ByteState)] {
        guard let former, let start = Self.time(of: former.name) else { return [] }
        let paths = try FollowedPlace.names(in: folder).filter(isRotated).map { "\(folder)/\($0)" }
            .compactMap { path in Self.time(of: path).map { (path: path, time: $0) } }
            .filter {
                // Times are those of the kernel's ticks: two files may have the same.
                $0.time >= start && $0.path != former.name && !LocalFile.isOpenHere($0.path)
            }
            .sorted { $0.time < $1.time }
        var found: [(any ByteReader, ByteState)] = []
        for (path, _) in paths {
            let identity = LocalFile.identity(at: path)
            if identity == now.identity || known.contains(where: { $0.file == identity }) {
                continue
            }
            let isPlain = CompressionEnding.removed(from: path) == path
            let stored = LocalFile(path, isPinned: true)
            let bytes: any ByteReader = isPlain ? stored : try await unpacking(stored, key: path)
            var state = try await bytes.state()
            if !isPlain {
                // What is compressed is found again by its content.
                state.identity = nil
                state.size = try await Self.length(of: bytes)
            }
            guard try await place.hasLine(bytes, state) else { continue }
            // What is compressed already where it is followed is known as it is stored.
            if !isPlain, try await isKnown(stored, stored.state(), among: known) { continue }
            if try await !isKnown(bytes, state, among: known) { found.append((bytes, state)) }
        }
        return found
    }

    /// Whether a content is that of a file that is known, or a copy of it.
    ///
    /// What was seen of a small file may be no more than the header that all of them have: then it
    /// must be the whole content.
    private func isKnown(
        _ bytes: any ByteReader,
        _ state: ByteState,
        among known: [FileGeneration]
    ) async throws -> Bool {
        for file in known where file.size > 0 {
            let tells = file.size >= FileGeneration.tellingSize || file.size == state.size
            if tells, try await file.isBeginning(of: bytes, state) { return true }
        }
        return false
    }

    /// How long a content is that is decoded as it is read.
    private static func length(of bytes: any ByteReader) async throws -> Int64 {
        var length: Int64 = 0
        while true {
            let read = try await bytes.read(length..<length + 1 << 20)
            if read.isEmpty { return length }
            length += Int64(read.count)
        }
    }

    /// When a file was last written, in nanoseconds since 1970.
    private static func time(of path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let (seconds, isBeyond) = Int64(status.st_mtim.tv_sec)
            .multipliedReportingOverflow(by: 1_000_000_000)
        return isBeyond ? nil : seconds &+ Int64(status.st_mtim.tv_nsec)
    }
}
