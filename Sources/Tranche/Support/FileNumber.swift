import Glibc

/// What tells a file from all others, whatever its names: its device, and its number there.
package struct FileNumber: Sendable, Hashable {
    private let device: UInt64
    private let number: UInt64

    /// Takes what the system said of a file.
    package init(device: UInt64, number: UInt64) {
        self.device = device
        self.number = number
    }

    /// Looks at a path; `nil` where nothing is to be seen.
    ///
    /// - Parameter path: The path; a link stands for what it leads to.
    package init?(of path: String) {
        var status = Glibc.stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }
}
