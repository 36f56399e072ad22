import CPosix
import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// A file that is written aside and renamed into place when it is finished.
///
/// A reader of the path sees the whole file or, before that, what was there. It is written on a
/// thread of its own.
actor OutputFile {
    private nonisolated let executor: SerialQueueExecutor
    /// Where the file will be.
    nonisolated let path: String
    /// Where it is until it is finished.
    nonisolated let temporary: String
    private var descriptor: Int32 = -1

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Describes a file.
    ///
    /// - Parameters:
    ///   - path: Where it will be.
    ///   - mark: The mark that distinguishes its temporary name from those of other writers of the
    ///     file.
    init(_ path: String, mark: String) {
        self.path = path
        temporary = "\(path).\(mark).tmp"
        executor = SerialQueueExecutor(label: "tranche.output")
    }

    deinit {
        if descriptor >= 0 { _ = CPosix.close(descriptor) }
    }

    /// Opens the temporary file; what an earlier one of that name held is gone.
    func open() throws {
        descriptor = tranche_open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
        guard descriptor >= 0 else { throw Self.error("write", temporary, errno) }
    }

    func append(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                CPosix.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.error("write", temporary, errno)
            }
            written += count
        }
    }

    /// Makes the file last and renames it into place.
    func finish() throws {
        guard fsync(descriptor) == 0 else { throw Self.error("write", temporary, errno) }
        let closed = CPosix.close(descriptor)
        descriptor = -1
        guard closed == 0 else { throw Self.error("write", temporary, errno) }
        guard rename(temporary, path) == 0 else { throw Self.error("rename to", path, errno) }
        try Self.syncFolder(of: path)
    }

    /// Removes the temporary file.
    func abandon() {
        if descriptor >= 0 { _ = CPosix.close(descriptor) }
        descriptor = -1
        // Whoever writes the file again overwrites what cannot be removed.
        _ = unlink(temporary)
    }

    // MARK: - Marks

    /// A mark that no other writer has, on whatever host, and that tells whose it is.
    static func ownMark() -> String {
        let number = UInt64.random(in: .min ... .max)
        let token = AcquireRequest.madeUpTokenMark + String(number, radix: 36)
        return ProcessMark.own?.marking(token) ?? token
    }

    /// Whether a name is that of a temporary file whose writer had a mark of its own, and has ended
    /// for sure.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - here: Where this process is; ``ProcessMark/currentPlace``.
    /// - Returns: Whether it is.
    static func isAbandoned(_ name: String, seenFrom here: String?) -> Bool {
        guard name.hasSuffix(".tmp"), let sign = AcquireRequest.madeUpTokenMark.first,
            let start = name.lastIndex(of: sign)
        else { return false }
        // One that is written once more, aside, has the ending twice.
        let token = name[start...].firstRange(of: ".tmp").map { name[start..<$0.lowerBound] }
        return token.flatMap { ProcessMark(token: String($0)) }?.life(seenFrom: here) == .ended
    }

    // MARK: - Files

    /// Removes a file, if it is there.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw error("remove", path, errno) }
    }

    /// Makes the names in a file's folder last.
    static func syncFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        let descriptor = tranche_open(folder, O_RDONLY, 0)
        guard descriptor >= 0 else { throw error("open", folder, errno) }
        defer { _ = CPosix.close(descriptor) }
        // Some file systems do not know this for folders, and need none.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw error("write", folder, errno) }
    }

    static func error(_ verb: String, _ path: String, _ number: Int32) -> TrancheError {
        let reason = String(cString: strerror(number))
        let isTransient = [ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, ESTALE].contains(number)
        return TrancheError(
            isTransient ? .sinkUnavailable : .sinkFailed,
            "cannot \(verb) '\(path)': \(reason)"
        )
    }
}
