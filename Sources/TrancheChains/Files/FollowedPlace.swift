import FoundationEssentials
import Tranche

/// The place where a file that grows stands, and where one that stood there before may be by now.
struct FollowedPlace {
    private let location: ByteLocation

    init(_ location: ByteLocation) {
        self.location = location
    }

    /// Brings the list of files up to date with what stands there now.
    ///
    /// - Parameters:
    ///   - known: The files so far.
    ///   - bytes: What stands there now.
    ///   - now: Its state.
    /// - Returns: The list, with another file at its end once that has a line, so that whoever
    ///   writes goes on there, and before it those that stood there between two looks; and whether
    ///   the last one of the list is still to be read elsewhere.
    /// - Throws: `TrancheError` `.redefined` when it is another file and the one before is not
    ///   found, or a link led there that leads elsewhere now.
    func settle(
        _ known: FileGenerations,
        _ bytes: any ByteReader,
        _ now: ByteState
    ) async throws -> (list: FileGenerations, isDisplaced: Bool) {
        var list = known
        let last = known.last
        let isSameFile = last.file == now.identity
        let hasSameContent = try await last.isBeginning(of: bytes, now)
        if !isSameFile || !hasSameContent { try requireSameTarget() }
        let former = isSameFile && hasSameContent ? nil : try await find(last)
        if hasSameContent, former == nil, isSameFile || last.size >= FileGeneration.tellingSize {
            list.last = try await FileGeneration(number: last.number, bytes, now)
            return (list, false)
        }
        // What was given up stays so.
        if former == nil, !last.isLost {
            guard location.isReplacement else { throw lost(last, seen: now, isSameFile) }
            list.last.isLost = true
        }
        guard try await hasLine(bytes, now) else { return (list, true) }
        guard last.size < FileGeneration.reach, now.size < FileGeneration.reach else {
            throw TrancheError(
                .redefined,
                "'\(location.name)' is another file than before, and too large to be followed by offsets"
            )
        }
        let between = RotatedFiles(of: location.name)
        for file in try await between.files(after: former, now, known: list.files, self) {
            list.append(
                try await FileGeneration(number: list.last.number + 1, file.bytes, file.state)
            )
        }
        list.append(try await FileGeneration(number: list.last.number + 1, bytes, now))
        return (list, false)
    }

    /// What a file holds: its stored bytes, decompressed and turned into UTF-8.
    func decoded(_ stored: any ByteReader) async throws -> any ByteReader {
        let key = ResolvedPath(stored.name).text
        return try await recognising(stored, key: key, encoding: location.encoding)
    }

    /// Whether a file has a line that ended: its writer has come to it.
    func hasLine(_ stored: any ByteReader, _ state: ByteState) async throws -> Bool {
        guard state.size > 0 else { return false }
        do {
            return try await decoded(stored).read(0..<1 << 16).contains(0x0A)
        } catch let error as TrancheError where error.code == .invalidItem {
            // A compressed one that was begun just now is cut off.
            return false
        }
    }

    /// Finds a file that was renamed or copied within its folder, under a name that begins with the
    /// old one or that files get which are rotated, or by what tells it from others.
    ///
    /// - Parameter generation: The file.
    /// - Returns: Its bytes as they were stored; `nil` when it is not there.
    /// - Throws: What reading it throws.
    func find(_ generation: FileGeneration) async throws -> (any ByteReader)? {
        let url = URL(filePath: location.name)
        let folder = url.deletingLastPathComponent().path
        let name = url.lastPathComponent
        let rotated = RotatedFiles(of: location.name)
        var copies: [String] = []
        for other in try Self.names(in: folder).sorted() where other != name {
            let path = "\(folder)/\(other)"
            guard let identity = LocalFile.identity(at: path) else { continue }
            if identity == generation.file {
                let file = LocalFile(path, isPinned: true)
                let state = try await file.state()
                if try await generation.isBeginning(of: file, state) { return file }
            } else if other.hasPrefix(name) || rotated.isRotated(other),
                !LocalFile.isOpenHere(path)
            {
                copies.append(path)
            }
        }
        guard generation.size > 0 else { return nil }
        for path in copies {
            let stored = LocalFile(path, isPinned: true)
            let packed = try await readable { try await unpacking(stored, key: path) }
            // As it is, and as what it is packed from.
            for bytes in [stored, packed] as [(any ByteReader)?] {
                guard let bytes else { continue }
                let isCopy = try await readable {
                    try await generation.isBeginning(of: bytes, bytes.state())
                }
                if isCopy == true { return bytes }
            }
        }
        return nil
    }

    /// What another file gives; `nil` where that cannot be read, now or later.
    func readable<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as TrancheError where error.code != .sourceUnavailable {
            return nil
        }
    }

    /// The names in a folder; none where it is not there, or nobody may list it.
    ///
    /// - Parameter folder: The folder.
    /// - Returns: The names.
    /// - Throws: `TrancheError` `.sourceUnavailable` where it cannot be listed now: a file that is
    ///   not seen is not gone.
    static func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch let error as CocoaError
            where error.code == .fileReadNoSuchFile || error.code == .fileReadNoPermission
        {
            return []
        } catch {
            throw TrancheError(
                .sourceUnavailable,
                "cannot list the folder '\(folder)': \(FileFault(error))",
                underlying: error
            )
        }
    }

    // MARK: - Errors

    /// Refuses a link that led to the file and leads elsewhere now: whoever begins anew finds
    /// another source behind it, and would load it from its beginning.
    ///
    /// - Throws: `TrancheError` `.redefined`.
    private func requireSameTarget() throws {
        let target = ResolvedPath(location.spelling).text
        // One that leads to nothing just now says nothing.
        guard target != location.name, LocalFile.identity(at: target) != nil else { return }
        throw TrancheError(
            .redefined,
            "the link that was followed to '\(location.name)' leads to another file now, "
                + "'\(target)'. Load the rest of the former by its own name, and then follow the "
                + "link again"
        )
    }

    /// Says that a file is not there any more, and what to do.
    func lost(
        _ generation: FileGeneration,
        seen now: ByteState? = nil,
        _ isSameFile: Bool = false
    ) -> TrancheError {
        var what =
            "the file that stood at '\(location.name)', with \(generation.size) bytes seen of it, is gone"
        if let now {
            what =
                isSameFile
                ? now.size < generation.size
                    ? "'\(location.name)' was truncated: it has \(now.size) bytes, and \(generation.size) "
                        + "were seen of it"
                    : "'\(location.name)' was truncated and filled again: other bytes stand where "
                        + "\(generation.size) were seen"
                : "'\(location.name)' is another file than before, of which \(generation.size) bytes were seen "
                    + "(was it rotated?)"
        }
        let name = URL(filePath: location.name).lastPathComponent
        return TrancheError(
            .redefined,
            "\(what). Nothing is loaded, so that nothing is lost: put the old content beside it, under a name "
                + "that begins with '\(name)', compressed or not, and the rest of it is loaded before the new; "
                + "or give it up with 'tranche load --follow --replaced'"
        )
    }
}
