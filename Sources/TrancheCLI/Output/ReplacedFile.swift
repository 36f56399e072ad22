internal import CPosix
import FoundationEssentials
import Glibc
import Tranche

/// A file that takes another's place once all of it is written; a link to that one stays.
///
/// What is no regular file, such as a device or a pipe, is written to.
enum ReplacedFile {
    /// Whether there is a file, also behind a link, whose place another would take.
    static func replaces(_ path: String) -> Bool {
        let before = status(of: path)
        return before != nil && isReplaced(path, before)
    }

    /// Writes a file.
    ///
    /// - Parameters:
    ///   - path: The file; it stays as it is where anything fails, and keeps who may read it.
    ///   - body: Writes it.
    /// - Returns: What `body` returns.
    /// - Throws: ``SystemError``, or what `body` throws.
    static func write<Result: Sendable>(
        to path: String,
        _ body: (any Writer) async throws -> Result
    ) async throws -> Result {
        let target = try target(at: path)
        do {
            let result = try await body(FileWriter(file: target.file.number))
            try target.finish()
            return result
        } catch {
            target.abandon()
            throw naming(path, error)
        }
    }

    /// Writes a file whose content is known.
    ///
    /// - Parameters:
    ///   - text: The content.
    ///   - path: The file, as of ``write(to:_:)``; one that was not there may be read by everybody.
    /// - Throws: ``SystemError``, ``WriteError``.
    static func write(_ text: String, to path: String) throws {
        let target = try target(at: path, isForOthers: true)
        do {
            try FileWriter(file: target.file.number).write(text)
            try target.finish()
        } catch {
            target.abandon()
            throw naming(path, error)
        }
    }

    /// What is written to.
    private struct Target {
        let file: OpenFile
        /// Where it is until it is finished; `nil` for what is not replaced.
        var part: String?
        var place = ""

        func finish() throws(SystemError) {
            guard let part else { return file.close() }
            guard fsync(file.number) == 0 else { throw SystemError("cannot write '\(place)'") }
            file.close()
            guard rename(part, place) == 0 else { throw SystemError("cannot replace '\(place)'") }
        }

        func abandon() {
            file.close()
            if let part { unlink(part) }
        }
    }

    private static func target(
        at path: String,
        isForOthers: Bool = false
    ) throws(SystemError) -> Target {
        let before = status(of: path)
        guard isReplaced(path, before) else {
            let number = tranche_open(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0)
            guard number >= 0 else { throw SystemError("cannot write '\(path)'") }
            return Target(file: OpenFile(stealing: number))
        }
        let place = SymbolicLinks.end(of: path)
        let (part, file) = try makePart(beside: place, replacing: before)
        if before == nil, isForOthers, fchmod(file.number, 0o644) != 0 {
            let error = SystemError("cannot write '\(place)'")
            unlink(part)
            throw error
        }
        return Target(file: file, part: part, place: place)
    }

    /// An error of writing with the file that it is about.
    private static func naming(_ path: String, _ error: any Error) -> any Error {
        guard let failed = error as? WriteError, !failed.isUnread, let code = failed.code else {
            return error
        }
        return SystemError("cannot write '\(path)'", code: code)
    }

    /// What is at a path, behind links; `nil` where there is nothing.
    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// Whether there is a regular file, or none yet; what an output was sent to is another's to
    /// replace.
    private static func isReplaced(_ path: String, _ before: stat?) -> Bool {
        if path.hasPrefix("/proc/") { return false }
        if path.hasPrefix("/dev/"), !path.hasPrefix("/dev/shm/") { return false }
        return before.map { $0.st_mode & S_IFMT == S_IFREG } ?? true
    }

    /// Makes a file of a name that nothing has, which those may read who may read the earlier one.
    private static func makePart(
        beside place: String,
        replacing before: stat?
    ) throws(SystemError) -> (part: String, file: OpenFile) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        var (part, number, count) = ("", -1 as Int32, 0)
        repeat {
            part = "\(place).\(getpid())-\(count).part"
            number = tranche_open(part, flags, before == nil ? 0o666 : 0o600)
            count += 1
        } while number < 0 && errno == EEXIST && count < 1000
        guard number >= 0 else { throw SystemError("cannot write '\(place)'") }
        let file = OpenFile(stealing: number)
        if let before {
            // Only root gives a file to others; without that, its group is another one.
            let isGiven = fchown(number, before.st_uid, before.st_gid) == 0
            let mode = before.st_mode & (isGiven ? 0o777 : 0o707)
            guard fchmod(number, mode) == 0 else {
                let error = SystemError("cannot write '\(place)'")
                unlink(part)
                throw error
            }
        }
        return (part, file)
    }
}
