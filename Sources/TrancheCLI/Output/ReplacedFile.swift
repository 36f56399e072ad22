internal import CPosix
import FoundationEssentials
import Glibc
import TrancheChains

/// A file that takes another's place once all of it is written; a link to that one stays.
///
/// What is no regular file, such as a device or a pipe, is written to.
enum ReplacedFile {
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
        let before = status(of: path)
        guard isReplaced(path, before) else {
            let number = tranche_open(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0)
            guard number >= 0 else { throw SystemError("cannot write '\(path)'") }
            let file = OpenFile(stealing: number)
            defer { file.close() }
            return try await body(FileWriter(file: number))
        }
        let place = SymbolicLinks.end(of: path)
        let (part, file) = try makePart(beside: place, replacing: before)
        do {
            let result = try await body(FileWriter(file: file.number))
            guard fsync(file.number) == 0 else { throw SystemError("cannot write '\(part)'") }
            file.close()
            guard rename(part, place) == 0 else { throw SystemError("cannot replace '\(place)'") }
            return result
        } catch {
            file.close()
            unlink(part)
            throw error
        }
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
        guard number >= 0 else { throw SystemError("cannot write '\(part)'") }
        let file = OpenFile(stealing: number)
        if let before {
            // Only root gives a file to others; without that, its group is another one.
            let isGiven = fchown(number, before.st_uid, before.st_gid) == 0
            let mode = before.st_mode & (isGiven ? 0o777 : 0o707)
            guard fchmod(number, mode) == 0 else {
                let error = SystemError("cannot write '\(part)'")
                unlink(part)
                throw error
            }
        }
        return (part, file)
    }
}
