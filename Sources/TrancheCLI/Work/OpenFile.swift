internal import CPosix
import FoundationEssentials
import Glibc
import Synchronization

/// A file descriptor that is closed when asked, at the latest with the last reference to it.
final class OpenFile: Sendable {
    private let descriptor: Mutex<Int32>

    /// Takes over a descriptor.
    init(stealing number: Int32) {
        descriptor = Mutex(number)
    }

    deinit {
        close()
    }

    /// The descriptor; -1 after ``close()``.
    var number: Int32 { descriptor.withLock { $0 } }

    func close() {
        let number = descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        if number >= 0 { Glibc.close(number) }
    }

    /// Makes calls fail with `EAGAIN` instead of blocking.
    func makeNonBlocking() throws(SystemError) {
        guard fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) == 0 else {
            throw SystemError("cannot set up a pipe")
        }
    }

    /// Makes a pipe that programs started meanwhile do not inherit.
    static func pipe() throws(SystemError) -> (reading: OpenFile, writing: OpenFile) {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError("cannot make a pipe") }
        return (OpenFile(stealing: ends[0]), OpenFile(stealing: ends[1]))
    }

    /// Makes a file that becomes readable with ``raise()`` and stays so.
    static func event() throws(SystemError) -> OpenFile {
        let number = eventfd(0, Int32(EFD_CLOEXEC))
        guard number >= 0 else { throw SystemError("cannot make an event") }
        return OpenFile(stealing: number)
    }

    /// Makes an event readable.
    func raise() {
        var one: UInt64 = 1
        _ = Glibc.write(number, &one, MemoryLayout.size(ofValue: one))
    }
}

/// A call of the system that failed.
struct SystemError: Error, Sendable, CustomStringConvertible {
    let code: Int32
    let description: String

    /// Takes the reason from `errno`.
    init(_ message: String, code: Int32 = errno) {
        self.code = code
        description = "\(message): \(String(cString: strerror(code)))"
    }
}
