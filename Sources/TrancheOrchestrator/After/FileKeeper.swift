private import CPosix
import FoundationEssentials
import Glibc
import Tranche

/// Moves, removes and marks files, off the shared pool: the calls take as long as the disk does.
///
/// Each does the same when it is done again, whatever an earlier attempt came to.
actor FileKeeper {
    private nonisolated let executor = SerialQueueExecutor(label: "tranche.files")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Whether files are copied even where they could be renamed, for tests without a second disk.
    private let copies: Bool

    init(copies: Bool = false) { self.copies = copies }

    /// A file as its event knew it.
    struct Known: Sendable {
        var path: String
        /// `nil` where the event does not say.
        var mark: FileMark?
        /// Whose attempt it is, in a name of a file that is not complete.
        var attempt: Int
        /// The number of the event.
        var number: Int64
        /// Whether the batch has what another one had, whose attempts may have come far.
        var isOfAnother = false

        /// Whether an earlier attempt may have come far.
        var isAgain: Bool { attempt > 1 || isOfAnother }
    }

    // MARK: - Moving

    /// Moves a file, and replaces none.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - target: Where to; its folder is made.
    /// - Throws: `TrancheError` `.invalidItem` for a file that is gone or has changed,
    ///   `.sinkFailed` for a target that is there already and where it cannot be moved.
    func move(_ file: Known, to target: String) throws {
        guard let found = try mark(of: file.path) else {
            // An earlier attempt may have come so far; without one, a copy is another file.
            let there = try mark(of: target)
            guard let there, file.isSame(there, isCopy: file.isAgain) else {
                throw Self.gone(file)
            }
            // What was copied may still be aside.
            if file.isAgain { try removeAside(file) }
            return
        }
        try file.require(found)
        if let there = try mark(of: target) {
            // A copy of an earlier attempt, whose file was not removed any more. Size and time do
            // not tell it: exports have rows of one width, and a time that their day gives.
            guard file.isAgain, file.isSame(there, isCopy: true), there.number != found.number,
                try haveSameContent(file.path, target)
            else {
                throw TrancheError(
                    .sinkFailed,
                    "'\(target)' is there already, and nothing is replaced; move or remove it, "
                        + "then retry this batch"
                )
            }
            return try removeSeen(file)
        }
        try Self.requireNoDatabase(at: target)
        let folder = Self.folder(of: target)
        try makeFolder(folder)
        let code = copies ? EXDEV : Int32(tranche_rename_new(file.path, target))
        switch code {
        case 0:
            try checkMoved(file, found, target)
            try sync(folder: folder)
            try sync(folder: Self.folder(of: file.path))
        case EXDEV: try copy(file, found, to: target)
        case EEXIST: return try move(file, to: target)
        default: throw Self.failed("move '\(file.path)' to '\(target)'", code)
        }
    }

    /// Puts back what somebody has changed in the meantime.
    private func checkMoved(_ file: Known, _ found: FileMark, _ target: String) throws {
        guard let there = try mark(of: target), there != found else { return }
        try putBack(target, to: file, there)
    }

    /// Gives a file its name again that is not the one that was meant.
    private func putBack(_ path: String, to file: Known, _ there: FileMark) throws {
        guard tranche_rename_new(path, file.path) == 0 else {
            throw TrancheError(
                .invalidItem,
                "'\(file.path)' has changed since its event was given, and is now '\(path)', since "
                    + "there is yet another in its place: look at both"
            )
        }
        throw file.changed(there)
    }

    /// Copies a file aside, gives the copy its name, and removes the file.
    private func copy(_ file: Known, _ found: FileMark, to target: String) throws {
        let folder = Self.folder(of: target)
        let stem = "\(folder)/.\(file.number).tranche-"
        for attempt in 1..<max(file.attempt, 1) + 1 where unlink("\(stem)\(attempt)") != 0 {
            guard errno == ENOENT else { throw Self.failed("remove '\(stem)\(attempt)'", errno) }
        }
        let part = "\(stem)\(file.attempt)"
        do {
            try copyContent(of: file.path, to: part)
            guard let now = try mark(of: file.path) else { throw Self.gone(file) }
            guard now == found else { throw file.changed(now) }
            let code = tranche_rename_new(part, target)
            guard code == 0 else { throw Self.failed("move '\(part)' to '\(target)'", Int32(code)) }
        } catch {
            // The next attempt removes what this one cannot.
            unlink(part)
            throw error
        }
        try sync(folder: folder)
        try removeSeen(file)
    }

    /// Whether two files have the same bytes.
    private func haveSameContent(_ path: String, _ other: String) throws -> Bool {
        let paths = [path, other]
        var files: [Int32] = []
        defer { for file in files { close(file) } }
        for path in paths {
            let file = tranche_open(path, O_RDONLY | O_NOFOLLOW, 0)
            guard file >= 0 else { throw Self.failed("read '\(path)'", errno) }
            files.append(file)
        }
        var buffers = paths.map { _ in [UInt8](repeating: 0, count: 1 << 20) }
        while true {
            try Task.checkCancellation()
            let count = try fill(&buffers[0], from: files[0], path)
            guard try fill(&buffers[1], from: files[1], other) == count,
                buffers[0].prefix(count) == buffers[1].prefix(count)
            else { return false }
            if count < buffers[0].count { return true }
        }
    }

    /// Reads as much as there is room for, or as there is.
    private func fill(_ buffer: inout [UInt8], from file: Int32, _ path: String) throws -> Int {
        var place = 0
        while place < buffer.count {
            let count = buffer.withUnsafeMutableBytes { bytes in
                read(
                    file,
                    UnsafeMutableRawBufferPointer(rebasing: bytes[place...]).baseAddress,
                    bytes.count - place
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failed("read '\(path)'", errno) }
            if count == 0 { break }
            place += count
        }
        return place
    }

    private func copyContent(of path: String, to part: String) throws {
        let source = tranche_open(path, O_RDONLY | O_NOFOLLOW, 0)
        guard source >= 0 else { throw Self.failed("read '\(path)'", errno) }
        defer { close(source) }
        var status = stat()
        guard fstat(source, &status) == 0 else { throw Self.failed("read '\(path)'", errno) }
        let copy = tranche_open(part, O_WRONLY | O_CREAT | O_EXCL, status.st_mode & 0o777)
        guard copy >= 0 else { throw Self.failed("write '\(part)'", errno) }
        defer { close(copy) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            try Task.checkCancellation()
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failed("read '\(path)'", errno) }
            if count == 0 { break }
            var place = 0
            while place < count {
                let written = buffer.withUnsafeBytes { bytes in
                    write(
                        copy,
                        UnsafeRawBufferPointer(rebasing: bytes[place..<count]).baseAddress,
                        count - place
                    )
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw Self.failed("write '\(part)'", errno) }
                place += written
            }
        }
        let times = [status.st_atim, status.st_mtim]
        guard futimens(copy, times) == 0, fsync(copy) == 0 else {
            throw Self.failed("write '\(part)'", errno)
        }
    }

    // MARK: - Removing and marking

    /// Removes a file.
    ///
    /// One that is gone is taken for removed by an earlier attempt, where there was one.
    ///
    /// - Throws: As ``move(_:to:)``.
    func remove(_ file: Known) throws {
        guard let found = try mark(of: file.path) else {
            guard file.isAgain else { throw Self.gone(file) }
            return try removeAside(file)
        }
        try file.require(found)
        try removeSeen(file)
    }

    /// Puts a file aside and removes it there: another may come under its name at any time.
    private func removeSeen(_ file: Known) throws {
        let code = Int32(tranche_rename_new(file.path, Self.aside(file)))
        switch code {
        case 0, ENOENT: try removeAside(file)
        case EEXIST:
            // An earlier attempt has come so far.
            try removeAside(file)
            try removeSeen(file)
        default: throw Self.failed("remove '\(file.path)'", code)
        }
    }

    private func removeAside(_ file: Known) throws {
        let aside = Self.aside(file)
        guard let there = try mark(of: aside) else { return }
        guard file.isSame(there, isCopy: false) else { return try putBack(aside, to: file, there) }
        guard unlink(aside) == 0 || errno == ENOENT else {
            throw Self.failed("remove '\(aside)'", errno)
        }
        try sync(folder: Self.folder(of: file.path))
    }

    /// Where a file stands that is being removed.
    private static func aside(_ file: Known) -> String {
        "\(folder(of: file.path))/.\(file.number).tranche-gone"
    }

    /// Puts a file beside a file, which says who has worked on it.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - ending: What stands behind its name.
    ///   - content: What the other says.
    /// - Throws: As ``move(_:to:)``.
    func mark(_ file: Known, _ ending: String, _ content: String) throws {
        let target = file.path + ending
        let known = FileManager.default.contents(atPath: target)
        // An earlier attempt may have come so far.
        if known == Data(content.utf8) { return }
        guard known == nil else {
            throw TrancheError(
                .sinkFailed,
                "'\(target)' is there already, and nothing is replaced; move or remove it, then "
                    + "retry this batch"
            )
        }
        try Self.requireNoDatabase(at: target)
        guard let found = try mark(of: file.path) else { throw Self.gone(file) }
        try file.require(found)
        let folder = Self.folder(of: target)
        let part = "\(folder)/.\(file.number).tranche-mark-\(file.attempt)"
        guard FileManager.default.createFile(atPath: part, contents: Data(content.utf8)) else {
            throw Self.failed("write '\(part)'", errno)
        }
        let code = tranche_rename_new(part, target)
        if code != 0 {
            unlink(part)
            throw Self.failed("make '\(target)'", Int32(code))
        }
        try sync(folder: folder)
    }

    // MARK: - Looking

    func mark(of path: String) throws -> FileMark? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw Self.failed("look at '\(path)'", errno)
            }
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TrancheError(.sinkFailed, "'\(path)' is there, and is not a file")
        }
        return FoundFile(path, status).mark
    }

    /// Refuses a name that a database takes for its own, such as that of its journal: it would read
    /// what is put there as what it has written itself.
    private static func requireNoDatabase(at target: String) throws {
        guard let words = DatabaseFile.words(about: target) else { return }
        throw TrancheError(
            .sinkFailed,
            "'\(target)' \(words), and no file is put there; rename the file, or give another "
                + "folder"
        )
    }

    private func makeFolder(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
        } catch {
            throw TrancheError(
                .sinkFailed,
                "cannot make the folder '\(folder)': \(FileFault(error))",
                underlying: error
            )
        }
    }

    func sync(folder: String) throws {
        let handle = tranche_open(folder, O_RDONLY | O_DIRECTORY, 0)
        guard handle >= 0 else { throw Self.failed("open '\(folder)'", errno) }
        defer { close(handle) }
        // Some file systems know no such thing, and need none.
        guard fsync(handle) == 0 || errno == EINVAL else {
            throw Self.failed("write '\(folder)'", errno)
        }
    }

    static func folder(of path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    private static func gone(_ file: Known) -> TrancheError {
        TrancheError(
            .invalidItem,
            "'\(file.path)' is there no more, and nothing shows that it was moved or removed from "
                + "here"
        )
    }

    static func failed(_ what: String, _ code: Int32) -> TrancheError {
        let isPassing = [EINTR, EAGAIN, EIO, ENOSPC, EDQUOT, ESTALE, EBUSY].contains(code)
        return TrancheError(
            isPassing ? .sinkUnavailable : .sinkFailed,
            "cannot \(what): \(String(cString: strerror(code)))"
        )
    }
}

extension FileKeeper.Known {
    /// Whether another file is this one, or a copy of it.
    fileprivate func isSame(_ other: FileMark, isCopy: Bool) -> Bool {
        guard let mark else { return isAgain }
        return other.size == mark.size && other.modified == mark.modified
            && (isCopy || other.number == mark.number)
    }

    fileprivate func require(_ found: FileMark) throws {
        if let mark, found != mark { throw changed(found) }
    }

    fileprivate func changed(_ found: FileMark) -> TrancheError {
        let before = mark.map { ", and had \($0.words)" } ?? ""
        return TrancheError(
            .invalidItem,
            "'\(path)' has changed since its event was given, and stays where it is: it has "
                + "\(found.words)\(before)"
        )
    }
}
