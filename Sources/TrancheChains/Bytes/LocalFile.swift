import CPosix
import FoundationEssentials
import Glibc
import Tranche

/// A file on disk, read on a thread of its own.
actor LocalFile: ByteReader {
    /// Adding up more than this would take long: so much takes some 50 ms.
    private static let longestSum: Int64 = 64 << 20

    nonisolated let name: String
    private nonisolated let executor: SerialQueueExecutor
    /// Whether it stays with the file that it first opened, whatever is put in its place.
    private let isPinned: Bool
    private var handle: LocalFileHandle?

    init(_ path: String, isPinned: Bool = false) {
        name = path
        self.isPinned = isPinned
        executor = SerialQueueExecutor(label: "tranche.file")
    }

    /// What tells a file from others, found without opening it.
    ///
    /// - Parameter path: Its path.
    /// - Returns: What ``ByteState/identity`` would be; `nil` for what is not a regular file, or
    ///   cannot be seen.
    static func identity(at path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return "\(status.st_ino)-\(tranche_birth_time(-1, path))"
    }

    /// When anything of a file was changed last, which nobody can set back.
    ///
    /// - Parameter path: Its path.
    /// - Returns: The time in words of its own; `nil` for what is not a regular file, or cannot be
    ///   seen.
    static func change(at path: String) -> String? {
        var status = stat()
        guard path.hasPrefix("/"), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
    }

    /// Whether this process has a file open.
    ///
    /// Closing a file gives up all locks of the process on it: one of SQLite must not be opened
    /// beside it.
    static func isOpenHere(_ path: String) -> Bool {
        var asked = stat()
        guard stat(path, &asked) == 0 else { return false }
        // Where they are not listed none is opened, so as to be on the safe side.
        guard let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else {
            return true
        }
        return open.contains { name in
            var status = stat()
            return stat("/proc/self/fd/\(name)", &status) == 0 && status.st_dev == asked.st_dev
                && status.st_ino == asked.st_ino
        }
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    func state() async throws -> ByteState {
        if isPinned {
            if handle == nil { handle = try LocalFileHandle(name) }
            if let state = try handle?.state(name) { return state }
        }
        // Opened anew: a file that another one was renamed over has changed, too.
        handle = nil
        let file = try LocalFileHandle(name)
        let state = try file.state(name)
        handle = consume file
        return state
    }

    func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        if handle == nil { handle = try LocalFileHandle(name) }
        guard let bytes = try handle?.read(range, of: name) else { return [] }
        return bytes
    }

    func checksum() async throws -> String? {
        let size = try await state().size
        guard size <= Self.longestSum else { return nil }
        var sum = ContentSum()
        var place: Int64 = 0
        while place < size {
            let bytes = try await read(place..<min(size, place + 1 << 20))
            if bytes.isEmpty { break }
            sum.add(bytes)
            place += Int64(bytes.count)
        }
        return sum.text
    }
}

/// An open file.
private struct LocalFileHandle: ~Copyable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = tranche_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw Self.error("open", path, errno) }
    }

    deinit {
        _ = CPosix.close(descriptor)
    }

    func state(_ path: String) throws -> ByteState {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error("look at", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TrancheError(
                .invalidSource,
                "'\(path)' is not a regular file; a pipe or folder cannot be read by offsets"
            )
        }
        let time = status.st_mtim
        // Some file systems keep times that are beyond any that this can be.
        let (seconds, isBeyond) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000)
        let words =
            isBeyond
            ? "\(time.tv_sec).\(time.tv_nsec)"
            : RecordTime.text(microseconds: seconds &+ Int64(time.tv_nsec) / 1000)
        let birth = tranche_birth_time(descriptor, "")
        return ByteState(
            size: Int64(status.st_size),
            version: "modified \(words)",
            // No device: it has another number on each machine that shares the file.
            identity: "\(status.st_ino)-\(birth)"
        )
    }

    func read(_ range: Range<Int64>, of path: String) throws -> [UInt8] {
        let wanted = Int(range.upperBound - range.lowerBound)
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted, let base = buffer.baseAddress {
                let read = pread(
                    descriptor,
                    base + count,
                    wanted - count,
                    off_t(range.lowerBound) + off_t(count)
                )
                if read < 0 {
                    if errno == EINTR { continue }
                    failure = errno
                    return
                }
                if read == 0 { return }
                count += read
            }
        }
        guard failure == 0 else { throw Self.error("read", path, failure) }
        return bytes
    }

    private static func error(_ verb: String, _ path: String, _ number: Int32) -> TrancheError {
        let reason = String(cString: strerror(number))
        switch number {
        case EIO, EMFILE, ENFILE, ENOMEM, ETIMEDOUT, ESTALE:
            return TrancheError(.sourceUnavailable, "cannot \(verb) '\(path)': \(reason)")
        case ENOENT:
            return TrancheError(
                .invalidSource,
                "there is no file '\(path)' (looked for from \(FileManager.default.currentDirectoryPath))"
            )
        default:
            return TrancheError(.invalidSource, "cannot \(verb) '\(path)': \(reason)")
        }
    }
}
