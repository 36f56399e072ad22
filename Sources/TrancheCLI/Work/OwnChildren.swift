internal import CPosix
import Glibc
import Synchronization

/// The processes that this one has started and waits for.
///
/// The first process of a container is given what others leave behind as children of its own: each
/// would be kept, once it has ended, until somebody waits for it, or the container has no room for
/// another process.
enum OwnChildren {
    private static let isFirst = getpid() == 1
    private static let numbers = Mutex<Set<pid_t>>([])

    /// Starts a process.
    ///
    /// - Parameter body: Starts it, and returns its number; below 0 where there is none.
    /// - Returns: The number.
    static func start(_ body: () -> pid_t) -> pid_t {
        guard isFirst else { return body() }
        // However soon it ends, it is known before others are waited for.
        return numbers.withLock { numbers in
            let number = body()
            if number > 0 { numbers.insert(number) }
            return number
        }
    }

    /// Waits for a process that has ended, and forgets it.
    ///
    /// - Parameter number: Its number, which may be another's from then on.
    /// - Returns: How it ended, as `waitpid` tells.
    static func end(_ number: pid_t) -> Int32 {
        numbers.withLock { numbers in
            numbers.remove(number)
            var status: Int32 = 0
            while waitpid(number, &status, 0) < 0, errno == EINTR {}
            return status
        }
    }

    /// In the first process of a container, waits for what others left behind and has ended.
    ///
    /// What stands behind a process of this one's own is found the next time.
    static func reapOthers() {
        guard isFirst else { return }
        numbers.withLock { numbers in
            while true {
                let number = tranche_ended_child()
                guard number > 0, !numbers.contains(number) else { return }
                var status: Int32 = 0
                while waitpid(number, &status, WNOHANG) < 0, errno == EINTR {}
            }
        }
    }
}
