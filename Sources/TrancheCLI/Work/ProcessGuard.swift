internal import CPosix
import FoundationEssentials
import Glibc

/// A small process beside this one that kills the children when this one dies, however suddenly.
final class ProcessGuard: Sendable {
    private let pipe: OpenFile

    /// Starts the guard.
    init() throws(SystemError) {
        // A guard that is gone must not take this process along; children get the default back.
        signal(SIGPIPE, SIG_IGN)
        let number = tranche_start_guard()
        guard number >= 0 else { throw SystemError("cannot start the guard of the children") }
        pipe = OpenFile(stealing: number)
    }

    /// Where a process group is named that is to be killed when this process dies.
    ///
    /// Each child names its own, before it runs its program: however soon this process dies, the
    /// guard knows of it.
    var number: Int32 { pipe.number }

    /// Forgets a process group that has ended.
    func remove(_ group: pid_t) {
        var message = -group
        // Without its guard a child loses only the protection against this process being killed.
        _ = Glibc.write(pipe.number, &message, MemoryLayout.size(ofValue: message))
    }
}
