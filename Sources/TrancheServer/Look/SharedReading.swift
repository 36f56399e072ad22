import Tranche

/// A value that many ask for, read once for all who ask at a time.
actor SharedReading<Value: Sendable> {
    /// A text that is the same as long as nothing has changed; `nil` where nobody knows.
    typealias Mark = @Sendable () async throws -> String?

    private let read: @Sendable (_ mark: String?) async throws -> Value
    private let mark: Mark
    private let age: Duration
    private let grace: Duration
    private let longest: Duration
    private let stopwatch: Stopwatch
    private var known: (value: Value, at: Duration, mark: String?)?
    private var isReading = false
    /// How often it was said that something changed.
    private var changes = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Told that a value is given whose time is over.
    private let requests: AsyncStream<Void>
    private let request: AsyncStream<Void>.Continuation

    /// Describes a reading.
    ///
    /// - Parameters:
    ///   - age: How old a value may be that is given again, whatever has changed since.
    ///   - grace: How much older one may be that is given while ``run()`` has it read anew, so
    ///     that nobody waits for it; none by default.
    ///   - longest: How old it may be where nothing has; as old as `age` by default.
    ///   - clock: By which that is told.
    ///   - mark: Tells whether anything has; by default nobody does.
    ///   - read: Reads the value, told the mark before it.
    init(
        age: Duration,
        grace: Duration = .zero,
        longest: Duration? = nil,
        clock: any Clock<Duration>,
        mark: @escaping Mark = { nil },
        _ read: @escaping @Sendable (_ mark: String?) async throws -> Value
    ) {
        self.age = age
        self.grace = grace
        self.longest = longest ?? age
        self.mark = mark
        self.read = read
        stopwatch = Stopwatch(clock)
        (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The value, read now unless it is young enough, or somebody else reads it.
    var value: Value {
        get async throws {
            while true {
                if let known {
                    let old = stopwatch.elapsed - known.at
                    if old <= age { return known.value }
                    if old <= age + grace {
                        request.yield()
                        return known.value
                    }
                }
                if isReading {
                    await withCheckedContinuation { waiting.append($0) }
                } else if let value = try await unchanged {
                    return value
                } else if !isReading {
                    return try await readNow()
                }
            }
        }
    }

    /// How many wait for somebody else's reading.
    var waitingCount: Int { waiting.count }

    /// Reads the value anew when one was given whose time is over, until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws {
        for await _ in requests {
            do {
                try await refresh()
            } catch let error as CancellationError {
                throw error
            } catch {
                // Who asks next and has to wait for it is told.
            }
        }
        try Task.checkCancellation()
    }

    private func refresh() async throws {
        guard let known, stopwatch.elapsed - known.at > age, !isReading else { return }
        guard try await unchanged == nil, !isReading else { return }
        _ = try await readNow()
    }

    /// The value that is known, where nothing has changed since it was read.
    private var unchanged: Value? {
        get async throws {
            guard let known, let before = known.mark, stopwatch.elapsed - known.at <= longest else {
                return nil
            }
            let count = changes
            guard try await mark() == before, changes == count else { return nil }
            return known.value
        }
    }

    /// Has the next one who asks read it anew: something was changed.
    func forget() {
        changes += 1
        known = nil
    }

    private func readNow() async throws -> Value {
        isReading = true
        let before = changes
        defer {
            isReading = false
            let all = waiting
            waiting = []
            for one in all { one.resume() }
        }
        // Before it is read: what changes meanwhile may not be in it.
        let mark = try await mark()
        let value = try await read(mark)
        if changes == before { known = (value, stopwatch.elapsed, mark) }
        return value
    }
}
