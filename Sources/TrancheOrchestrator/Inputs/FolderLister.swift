import CPosix
import FoundationEssentials
import Tranche

#if canImport(Glibc)
import Glibc
#endif

/// Looks through folders, off the shared pool: the calls take as long as the file system does.
actor FolderLister {
    private nonisolated let executor = SerialQueueExecutor(label: "tranche.folder")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// What is in a folder.
    struct Listing: Sendable {
        /// All files that are meant, complete or not.
        var files: [FoundFile] = []
        /// Those that are complete, by path.
        var complete: [FoundFile] = []
        /// Those whose time lies in the future, where times say what is complete.
        var ahead: [FoundFile] = []
        /// What is never given, a text each.
        var leftOut: [String] = []
        /// The last that could not be given.
        var fault: TrancheError? { faults.last }
        /// What could not be given; of very many the first.
        private(set) var faults: [TrancheError] = []
        /// How much could not be given.
        private(set) var faultCount = 0

        /// How many faults are kept in words.
        private static let most = 20

        /// Notes what could not be given, which holds up nothing else.
        mutating func note(_ words: String) {
            faultCount += 1
            if faults.count < Self.most { faults.append(TrancheError(.invalidItem, words)) }
        }
    }

    /// Begins to watch a folder.
    ///
    /// - Parameter input: The folder, and whether those in it are watched too.
    /// - Returns: The watch; `nil` where the file system does not tell of what others change.
    /// - Throws: As ``FolderWatch/init(_:isRecursive:)``.
    func watch(_ input: DirectoryInput) throws -> FolderWatch? {
        try FolderWatch(input.folder, isRecursive: input.isRecursive)
    }

    /// Lists the files of a folder.
    ///
    /// - Parameters:
    ///   - input: Which files are meant.
    ///   - now: The time that files must have been quiet before.
    ///   - ahead: What was seen before of files whose time lies in the future.
    ///   - own: What is left out, since this program writes to it.
    /// - Returns: The files.
    /// - Throws: `TrancheError` `.sourceUnavailable` where the folder cannot be read.
    func list(
        _ input: DirectoryInput,
        now: Date,
        _ ahead: AheadFiles = AheadFiles(),
        without own: [OwnFiles] = []
    ) throws -> Listing {
        var listing = Listing()
        var leftOut = LeftOutFiles(own)
        var times: [ExactText: FileTimes] = [:]
        var folders = [input.folder]
        while let folder = folders.popLast() {
            try Task.checkCancellation()
            for name in try entries(of: folder, of: input, &listing) where !name.hasPrefix(".") {
                let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
                guard let status = try seen(path, &listing) else { continue }
                switch status.st_mode & S_IFMT {
                case S_IFDIR: if input.isRecursive { folders.append(path) }
                case S_IFREG:
                    // Of files and of markers.
                    if input.marker != nil { times[ExactText(path)] = FileTimes(status) }
                    guard isMeant(name, input), !leftOut.take(path, status) else { continue }
                    listing.files.append(FoundFile(path, status))
                default: break
                }
            }
        }
        listing.leftOut = leftOut.words
        if input.marker == nil { listing.ahead = listing.files.filter { $0.isAhead(of: now) } }
        listing.complete = listing.files.filter { file in
            guard let marker = input.marker else {
                return Self.isQuiet(file, input, now: now, ahead)
            }
            guard let marked = times[ExactText(file.path + marker)],
                let own = times[ExactText(file.path)]
            else { return false }
            return own.areMarked(by: marked, now: now)
        }.sorted { ($0.modified, $0.path) < ($1.modified, $1.path) }
        return listing
    }

    /// Whether a file has not changed for as long as it must not have.
    private static func isQuiet(
        _ file: FoundFile,
        _ input: DirectoryInput,
        now: Date,
        _ ahead: AheadFiles
    ) -> Bool {
        if input.quiet <= .zero { return true }
        let bound = now.addingTimeInterval(-input.quiet.seconds)
        if Double(file.modified) <= bound.timeIntervalSince1970 * 1e9 { return true }
        return file.isAhead(of: now) && ahead.isQuiet(file, since: bound)
    }

    /// Checks that there is a folder to look through.
    ///
    /// - Parameter input: The folder.
    /// - Throws: `TrancheError` `.invalidArgument` where there is none, `.sourceUnavailable` where
    ///   it cannot be seen.
    func require(_ input: DirectoryInput) throws {
        var status = stat()
        let code = stat(input.folder, &status) == 0 ? 0 : errno
        guard code == 0 || code == ENOENT || code == ENOTDIR else {
            throw Self.unreadable(input.folder, code)
        }
        guard code == 0, status.st_mode & S_IFMT == S_IFDIR else {
            let what = code == 0 ? "is not a folder" : "does not exist"
            throw TrancheError(.invalidArgument, "'\(input.folder)' \(what); name a folder")
        }
    }

    /// Looks at files that have changed.
    ///
    /// - Parameters:
    ///   - paths: The files, or their markers; whether they were moved to where they are.
    ///   - input: Which files are meant.
    ///   - now: The time that files must have been quiet before.
    ///   - seen: What was seen before of files whose time lies in the future.
    ///   - own: What is left out, since this program writes to it.
    /// - Returns: Those that are complete, those that are to be looked at again, and those of these
    ///   whose time lies in the future.
    /// - Throws: `TrancheError` `.sourceUnavailable`.
    func look(
        at paths: [String: Bool],
        _ input: DirectoryInput,
        now: Date,
        _ seen: AheadFiles = AheadFiles(),
        without own: [OwnFiles] = []
    ) throws -> (complete: [FoundFile], waiting: [String: Bool], ahead: [FoundFile]) {
        var complete: [FoundFile] = []
        var waiting: [String: Bool] = [:]
        var ahead: [FoundFile] = []
        var moved: [String: Bool] = [:]
        var leftOut = LeftOutFiles(own)
        for (path, wasMoved) in paths {
            var file = path
            if let marker = input.marker, path.hasSuffix(marker) {
                file = String(path.dropLast(marker.count))
            }
            moved[file] = moved[file] == true || wasMoved
        }
        for (path, wasMoved) in moved {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            guard !name.hasPrefix("."), isMeant(name, input), let status = try status(of: path),
                status.st_mode & S_IFMT == S_IFREG, !leftOut.take(path, status)
            else { continue }
            let file = FoundFile(path, status)
            if let marker = input.marker {
                guard let marking = try self.status(of: path + marker),
                    marking.st_mode & S_IFMT == S_IFREG,
                    FileTimes(status).areMarked(by: FileTimes(marking), now: now)
                else { continue }
                complete.append(file)
            } else if wasMoved || Self.isQuiet(file, input, now: now, seen) {
                complete.append(file)
            } else {
                waiting[path] = false
                if file.isAhead(of: now) { ahead.append(file) }
            }
        }
        complete.sort { ($0.modified, $0.path) < ($1.modified, $1.path) }
        return (complete, waiting, ahead)
    }

    /// What tells a file from itself when it was another; `nil` where there is no regular file.
    ///
    /// - Throws: `TrancheError` `.sourceUnavailable` where it cannot be seen.
    func mark(of path: String) throws -> FileMark? {
        guard let status = try status(of: path), status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return FoundFile(path, status).mark
    }

    private func isMeant(_ name: String, _ input: DirectoryInput) -> Bool {
        if let marker = input.marker, name.hasSuffix(marker) { return false }
        return input.suffixes.isEmpty || input.suffixes.contains { name.hasSuffix($0) }
    }

    /// The names in a folder.
    private func entries(
        of folder: String,
        of input: DirectoryInput,
        _ listing: inout Listing
    ) throws -> [String] {
        guard let stream = opendir(folder) else {
            let code = errno
            guard folder != input.folder else { throw Self.unreadable(folder, code) }
            // One that has gone meanwhile is no fault; one that cannot be read holds up no other.
            if code != ENOENT { listing.note(Self.unreadable(folder, code).message) }
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw Self.unreadable(folder, errno) }
                return names
            }
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self) else {
                let lossy = String(decoding: bytes, as: UTF8.self)
                let kind = Int(entry.pointee.d_type)
                guard !lossy.hasPrefix("."), isMissed(lossy, kind, input) else { continue }
                listing.note(
                    "the name '\(HumanText.escaped(bytes))' in the folder '\(folder)' is not "
                        + "UTF-8; rename it"
                )
                continue
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Whether something whose name cannot be given is meant, or may hold what is.
    private func isMissed(_ name: String, _ kind: Int, _ input: DirectoryInput) -> Bool {
        if kind == Int(DT_DIR) { return input.isRecursive }
        if kind == Int(DT_REG) { return isMeant(name, input) }
        // Some file systems do not tell.
        return kind == Int(DT_UNKNOWN)
    }

    /// A file's status; what cannot be seen holds up no other.
    private func seen(_ path: String, _ listing: inout Listing) throws -> stat? {
        do {
            return try status(of: path)
        } catch let error as TrancheError {
            listing.note(error.message)
            return nil
        }
    }

    /// A file's status; `nil` where it has gone meanwhile.
    private func status(of path: String) throws -> stat? {
        var status = stat()
        if lstat(path, &status) == 0 { return status }
        guard errno == ENOENT || errno == ENOTDIR else { throw Self.unreadable(path, errno) }
        return nil
    }

    private static func unreadable(_ path: String, _ code: Int32) -> TrancheError {
        TrancheError(
            .sourceUnavailable,
            "'\(path)' cannot be read: \(String(cString: strerror(code)))"
        )
    }
}

extension FoundFile {
    init(_ path: String, _ status: stat) {
        self.init(
            path: path,
            size: Int64(status.st_size),
            modified: Self.nanoseconds(status.st_mtim),
            number: UInt64(status.st_ino)
        )
    }

    /// A time in nanoseconds; the nearest there is where it is centuries away.
    fileprivate static func nanoseconds(_ time: timespec) -> Int64 {
        let (whole, isBeyond) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        if isBeyond { return time.tv_sec < 0 ? .min : .max }
        return whole.addingClamped(Int64(time.tv_nsec))
    }
}

/// When a file's content was changed, and when anything of it was.
private struct FileTimes {
    /// Nanoseconds since 1970.
    private var modified: Int64
    /// Likewise; it cannot be set, and is when a file was put where it is, or later.
    private var changed: Int64

    init(_ status: stat) {
        modified = FoundFile.nanoseconds(status.st_mtim)
        changed = FoundFile.nanoseconds(status.st_ctim)
    }

    /// Whether a marker is of a file as it is now: one that is older is of what was there before.
    ///
    /// A file and its marker may have been written in the same instant. Of a file whose time lies
    /// in the future a marker is that was made since the file was put there.
    func areMarked(by marker: FileTimes, now: Date) -> Bool {
        if marker.modified >= modified { return true }
        let isAhead = Double(modified) > now.timeIntervalSince1970 * 1e9
        return isAhead && marker.modified >= changed
    }
}
