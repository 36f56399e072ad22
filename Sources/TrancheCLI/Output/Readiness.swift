import Glibc

/// Waits for files that do not wait themselves, as those that another process shares may be.
enum Readiness {
    /// Waits until a file can be read or written, or has an error to tell.
    ///
    /// - Parameters:
    ///   - file: Its number.
    ///   - event: `POLLIN` or `POLLOUT`.
    /// - Returns: Whether it was waited for; `false` where that cannot be done.
    static func wait(for file: Int32, _ event: Int32) -> Bool {
        var wait = pollfd(fd: file, events: Int16(event), revents: 0)
        while true {
            if poll(&wait, 1, -1) >= 0 { return true }
            guard errno == EINTR else { return false }
        }
    }
}
