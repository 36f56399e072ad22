import Tranche

/// A value that many ask for, read once for all who ask at a time.
actor SharedReading<Value: Sendable> {
    private let read: @Sendable () async throws -> Value
    private let age: Duration
    private let stopwatch: Stopwatch
    private var known: (value: Value, at: Duration)?
    private var isReading = false
    /// How often it was said that something changed.
    private var changes = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Describes a reading.
    ///
    /// - Parameters:
    ///   - age: How old a value may be that is given again.
    ///   - clock: By which that is told.
    ///   - read: Reads the value.
    init(
        age: Duration,
        clock: any Clock<Duration>,
        _ read: @escaping @Sendable () async throws -> Value
    ) {
        self.age = age
        self.read = read
        stopwatch = Stopwatch(clock)
    }

    /// The value, read now unless it is young enough, or somebody else reads it.
    var value: Value {
        get async throws {
            while true {
                if let known, stopwatch.elapsed - known.at <= age { return known.value }
                if !isReading { return try await readNow() }
                await withCheckedContinuation { waiting.append($0) }
            }
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
        let value = try await read()
        // What changed meanwhile may not be in it.
        if changes == before { known = (value, stopwatch.elapsed) }
        return value
    }
}
