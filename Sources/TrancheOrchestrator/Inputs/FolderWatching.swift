import Tranche

/// The watch of a folder while an input runs, and what it has told.
struct FolderWatching {
    private let input: DirectoryInput
    private let clock: any Clock<Duration>
    private let report: @Sendable (any Error) -> Void
    private var watch: FolderWatch?
    /// Whether it is of no use to try.
    private var isRefused = false
    private var told: Set<String> = []
    /// The files that have changed and are to be looked at; whether they were moved to where they
    /// are.
    var files: [String: Bool] = [:]

    init(
        of input: DirectoryInput,
        clock: any Clock<Duration>,
        report: @escaping @Sendable (any Error) -> Void
    ) {
        self.input = input
        self.clock = clock
        self.report = report
    }

    /// Begins to watch, where that is of use and not so already.
    mutating func start() async {
        guard watch == nil, !isRefused else { return }
        do {
            watch = try await FolderLister().watch(input)
            isRefused = watch == nil
        } catch let error as TrancheError where error.code == .invalidSource {
            // Who looks through it says so.
        } catch {
            // It is looked through all the same, and tried again then.
            tell(error)
        }
    }

    func stop() { watch?.stop() }

    /// Tells of an error once.
    mutating func tell(_ error: any Error) {
        if told.insert("\(error)").inserted { report(error) }
    }

    /// Waits for changes, or for files that must stay as they are for a while.
    ///
    /// - Parameter longest: For how long, at most.
    /// - Throws: `CancellationError`.
    func wait(upTo longest: Duration) async throws {
        let time = files.isEmpty || input.marker != nil ? longest : min(longest, pause)
        let (clock, watch) = (clock, watch)
        guard let watch else { return try await clock.sleep(for: time) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch.wait() }
            group.addTask { try await clock.sleep(for: time) }
            try await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// How long to wait before files are looked at again that may still change.
    private var pause: Duration { max(input.quiet / 4, .milliseconds(50)) }

    /// Takes what has changed.
    ///
    /// - Returns: Whether that is known; else all is to be looked through.
    mutating func take() -> Bool {
        guard let watch else { return false }
        let changes = watch.take()
        if let fault = changes.fault { tell(fault) }
        if changes.hasEnded {
            self.watch = nil
            return false
        }
        files.merge(changes.files) { $0 || $1 }
        return !changes.isUnknown
    }
}
