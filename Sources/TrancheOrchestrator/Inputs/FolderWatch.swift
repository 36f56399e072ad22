private import CPosix
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// Watches folders by inotify, so that what changes is looked at at once.
///
/// A thread of its own waits for the kernel. What it tells may be incomplete: whoever uses it looks
/// through the folders from time to time all the same.
final class FolderWatch: Sendable {
    /// What has changed since it was asked for.
    struct Changes: Sendable {
        /// The files that were written, by their paths; whether they were moved to where they are.
        var files: [String: Bool] = [:]
        /// Whether all is to be looked through, since the kernel does not say what has changed.
        var isUnknown = false
        /// The fault that keeps folders from being watched.
        var fault: TrancheError?
        /// Whether nothing is watched any more.
        var hasEnded = false

        var isEmpty: Bool { files.isEmpty && !isUnknown && fault == nil && !hasEnded }
    }

    /// More files than this are not kept apart.
    private static let mostFiles = 10_000

    private let changes = Mutex(Changes())
    private let wake = Wake()
    /// Written to when it is to stop; `nil` once the thread has closed it.
    private let stopper: Mutex<Int32?>

    /// Watches a folder; `nil` on a file system that does not tell of what others change.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - isRecursive: Whether those in it are watched, too.
    /// - Throws: `TrancheError` `.invalidSource` where there is none to be read,
    ///   `.sourceUnavailable` where it cannot be watched.
    init?(_ folder: String, isRecursive: Bool) throws {
        guard tranche_tells_changes(folder) == 1 else { return nil }
        let events = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard events >= 0 else { throw Self.fault(folder, errno) }
        let stopper = eventfd(0, Int32(EFD_CLOEXEC))
        guard stopper >= 0 else {
            close(events)
            throw Self.fault(folder, errno)
        }
        self.stopper = Mutex(stopper)
        var tree = WatchedTree(events, root: folder, isRecursive: isRecursive)
        // Before anything is looked through: what changes from now on is told.
        let first = tree.addRoot()
        guard first == 0 else {
            close(events)
            close(stopper)
            throw Self.fault(folder, first)
        }
        if let fault = tree.takeFault() { changes.withLock { $0.fault = fault } }
        let queue = DispatchQueue(label: "tranche.folder-watch")
        queue.async { [self, tree] in
            var tree = tree
            read(&tree, events, stopper)
            close(events)
            self.stopper.withLock { open in
                open = nil
                close(stopper)
            }
        }
    }

    /// Stops; the thread ends by itself.
    func stop() {
        stopper.withLock { open in
            // A counter that is not full takes it at once.
            if let open { _ = eventfd_write(open, 1) }
        }
    }

    /// Takes what has changed.
    func take() -> Changes {
        changes.withLock { known in
            defer { known = Changes() }
            return known
        }
    }

    /// Waits until something has changed.
    func wait() async { await wake.wait() }

    private static func fault(_ folder: String, _ code: Int32) -> TrancheError {
        WatchedTree.fault(folder, code)
    }

    // MARK: - The thread

    private func read(_ tree: inout WatchedTree, _ events: Int32, _ stopper: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var polled = [
                pollfd(fd: events, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopper, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polled, 2, -1)
            if count < 0, errno == EINTR { continue }
            guard count > 0, polled[1].revents == 0 else { break }
            let read = Glibc.read(events, &buffer, buffer.count)
            if read < 0, errno == EINTR || errno == EAGAIN { continue }
            guard read > 0 else { break }
            var found = Changes()
            WatchedTree.each(buffer[..<read]) { tree.note($0, in: &found) }
            if let fault = tree.takeFault() { found.fault = fault }
            tell(found)
            if found.hasEnded { return }
        }
        tell(Changes(hasEnded: true))
    }

    private func tell(_ found: Changes) {
        guard !found.isEmpty else { return }
        changes.withLock { known in
            known.files.merge(found.files) { $0 || $1 }
            known.isUnknown = known.isUnknown || found.isUnknown
            known.fault = found.fault ?? known.fault
            known.hasEnded = known.hasEnded || found.hasEnded
            if known.files.count > Self.mostFiles {
                known.files = [:]
                known.isUnknown = true
            }
        }
        wake.set()
    }
}

/// The folders that are watched, by the numbers that the kernel gives them.
struct WatchedTree {
    private let events: Int32
    private let root: String
    private let isRecursive: Bool
    private var folders: [Int32: String] = [:]
    private var fault: TrancheError?

    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR | IN_EXCL_UNLINK
    )

    init(_ events: Int32, root: String, isRecursive: Bool) {
        (self.events, self.root, self.isRecursive) = (events, root, isRecursive)
    }

    /// What one event says.
    struct Event {
        var folder: Int32
        var mask: UInt32
        var name: String?

        func has(_ flag: some BinaryInteger) -> Bool {
            mask & UInt32(truncatingIfNeeded: flag) != 0
        }
    }

    /// What keeps a folder from being watched, once.
    mutating func takeFault() -> TrancheError? {
        defer { fault = nil }
        return fault
    }

    static func fault(_ folder: String, _ code: Int32) -> TrancheError {
        let words =
            switch code {
            case ENOSPC:
                "all watches are in use; raise fs.inotify.max_user_watches. Until then it is looked "
                    + "through at each interval alone"
            case EMFILE:
                "all that may watch are in use; raise fs.inotify.max_user_instances. Until then it is "
                    + "looked through at each interval alone"
            default: String(cString: strerror(code))
            }
        let isAbsent = [ENOENT, ENOTDIR, EACCES].contains(code)
        return TrancheError(
            isAbsent ? .invalidSource : .sourceUnavailable,
            "'\(folder)' cannot be watched: \(words)"
        )
    }

    /// Watches the folder, and those in it.
    ///
    /// - Returns: 0, or why the folder itself cannot be watched.
    mutating func addRoot() -> Int32 {
        let code = add(root)
        if code == 0, isRecursive { addFolders(in: root) }
        return code
    }

    private mutating func add(_ folder: String) -> Int32 {
        // The root may be a link; none below it is followed.
        let flags = Self.mask | (folder == root ? 0 : UInt32(IN_DONT_FOLLOW))
        let number = inotify_add_watch(events, folder, flags)
        guard number >= 0 else { return errno }
        folders[number] = folder
        return 0
    }

    private mutating func addFolders(in folder: String) {
        var left = [folder]
        while let next = left.popLast() {
            // One that has gone meanwhile has nothing to watch; one that cannot be read is told of
            // where it is looked through.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: next)) ?? []
            for name in names where !name.hasPrefix(".") {
                let path = Self.joined(next, name)
                var status = stat()
                guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                    continue
                }
                guard addTold(path) else { return }
                left.append(path)
            }
        }
    }

    /// - Returns: Whether there is room for more.
    private mutating func addTold(_ folder: String) -> Bool {
        switch add(folder) {
        case 0, ENOENT, ENOTDIR, EACCES: return true
        case let code:
            fault = Self.fault(folder, code)
            return code != ENOSPC
        }
    }

    /// Takes what an event says.
    mutating func note(_ event: Event, in changes: inout FolderWatch.Changes) {
        if event.has(IN_Q_OVERFLOW) {
            // Folders may have come as well.
            if isRecursive { addFolders(in: root) }
            changes.isUnknown = true
            return
        }
        guard let folder = folders[event.folder] else { return }
        if event.has(IN_IGNORED) || event.has(IN_DELETE_SELF) || event.has(IN_UNMOUNT)
            || event.has(IN_MOVE_SELF)
        {
            if folder == root { changes.hasEnded = true }
            if !event.has(IN_MOVE_SELF) { folders[event.folder] = nil }
            return
        }
        guard let name = event.name, !name.hasPrefix(".") else { return }
        let path = Self.joined(folder, name)
        guard event.has(IN_ISDIR) else {
            // One that was made is still written to, and is told of when that is over.
            guard event.has(IN_CLOSE_WRITE) || event.has(IN_MOVED_TO) else { return }
            changes.files[path] = changes.files[path] == true || event.has(IN_MOVED_TO)
            return
        }
        guard isRecursive else { return }
        if event.has(IN_MOVED_FROM) {
            // It may go on elsewhere, where nobody asked for it.
            for (number, other) in folders where other == path || other.hasPrefix(path + "/") {
                inotify_rm_watch(events, number)
                folders[number] = nil
            }
        }
        if event.has(IN_CREATE) || event.has(IN_MOVED_TO) {
            if addTold(path) { addFolders(in: path) }
            // What was put there before is told by nobody.
            changes.isUnknown = true
        }
    }

    /// A path as a look through the folders has it.
    private static func joined(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// Reads the events that the kernel gave at once.
    static func each(_ bytes: ArraySlice<UInt8>, _ body: (Event) -> Void) {
        var rest = bytes
        let size = MemoryLayout<inotify_event>.size
        func number(_ place: Int) -> UInt32 {
            rest[(rest.startIndex + place)..<(rest.startIndex + place + 4)].reversed()
                .reduce(0) { $0 << 8 | UInt32($1) }
        }
        while rest.count >= size {
            let length = Int(number(12))
            guard rest.count >= size + length else { return }
            let name = rest[(rest.startIndex + size)...].prefix(length).prefix { $0 != 0 }
            body(
                Event(
                    folder: Int32(bitPattern: number(0)),
                    mask: number(4),
                    name: name.isEmpty ? nil : String(validating: name, as: UTF8.self)
                )
            )
            rest = rest.dropFirst(size + length)
        }
    }
}

/// A flag that one task waits for; what was set before it waits wakes it at once.
final class Wake: Sendable {
    private struct State {
        var isSet = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes who waits, or who waits next.
    func set() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            state.isSet = state.waiter == nil
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits until it is set, or until the task is cancelled, and takes it back.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isSet || Task.isCancelled {
                        state.isSet = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
