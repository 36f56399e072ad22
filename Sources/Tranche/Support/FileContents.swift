import Glibc

/// What a file holds, read to its end: a pipe is a file, too.
package enum FileContents {
    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: Most bytes; any number by default.
    /// - Returns: The bytes; `nil` where there are more.
    /// - Throws: ``FileFault``.
    package static func bytes(of path: String, limit: Int = .max) throws(FileFault) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileFault(number: errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        while true {
            var read = 0
            let part = [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
                repeat {
                    read = Glibc.read(file, buffer.baseAddress, buffer.count)
                } while read < 0 && errno == EINTR
                count = max(0, read)
            }
            guard read >= 0 else { throw FileFault(number: errno) }
            if part.isEmpty { return bytes }
            guard bytes.count + part.count <= limit else { return nil }
            bytes += part
        }
    }

    /// The size of a file, in bytes.
    ///
    /// - Parameter path: The file; what a link leads to.
    /// - Returns: The size; `nil` where there is no such file.
    /// - Throws: ``FileFault``.
    package static func size(of path: String) throws(FileFault) -> Int64? {
        var status = Glibc.stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw FileFault(number: errno) }
            return nil
        }
        return Int64(status.st_size)
    }

    /// Writes bytes to an open file, all of them.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - file: The file's number.
    /// - Throws: ``FileFault``; a part may have been written.
    package static func write(_ bytes: [UInt8], to file: Int32) throws(FileFault) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFault(number: errno) }
            written += count
        }
    }
}
