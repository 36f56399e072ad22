import FoundationEssentials

extension Inventory {
    /// Keeps events in the log of an input, all or none, once each.
    ///
    /// - Parameters:
    ///   - events: The events.
    ///   - input: The input's name; its log is made where there is none.
    /// - Returns: What became of each, in the same order.
    /// - Throws: ``TrancheError`` `.invalidArgument` for an event or a name that cannot be; of the
    ///   store.
    public func append(
        _ events: [LoggedEvent],
        to input: String
    ) async throws -> [AppendedEvent] {
        try InputLogSource.validate(name: input)
        return try await retrying { _ in
            do {
                return try await store.append(events, to: input)
            } catch let error as TrancheError where error.code == .invalidSource {
                // The first events of an input.
                _ = try await store.beginLog(input)
                return try await store.append(events, to: input)
            }
        }
    }

    /// Lists the logs of inputs, ascending by name.
    ///
    /// - Throws: ``TrancheError`` of the store.
    public func inputLogs() async throws -> [InputLogRecord] {
        try await retrying { _ in try await store.inputLogs() }
    }

    /// How far each run that reads an input's log is done with it.
    ///
    /// - Throws: ``TrancheError`` of the store.
    public func needs(ofInput input: String) async throws -> [InputLogNeed] {
        let log = try await retrying { _ in try await store.inputLog(input) }
        return try await needs(ofSource: InputLogSource.prefix + input, above: log?.floor ?? 0)
    }

    /// How far each run that reads a source is done with it.
    ///
    /// A run is not done with what has failed for good, or is quarantined: somebody may have it
    /// handed out again. Nor is it with what a writer may still commit behind its cursor.
    ///
    /// - Parameters:
    ///   - metaTable: The source's name, as runs record it.
    ///   - floor: The id up to which the source is cleaned.
    /// - Returns: What each run needs.
    /// - Throws: ``TrancheError`` of the store.
    public func needs(
        ofSource metaTable: String,
        above floor: Int64
    ) async throws -> [InputLogNeed] {
        try await retrying { _ in
            try await store.needs(ofSource: metaTable, above: floor)
        }
    }

    /// Removes events that nobody needs any more, and those that were kept for too long.
    ///
    /// A run is not done with a batch that has failed for good, so that it can be tried again. A
    /// link that still needs what was kept for too long finds a batch of it that fails.
    ///
    /// - Parameters:
    ///   - input: The input's name.
    ///   - keep: How long events are kept that somebody still needs.
    /// - Returns: How many were removed, and the runs that were passed.
    /// - Throws: ``TrancheError`` `.invalidSource` where there is no such log; of the store.
    public func clean(
        input: String,
        keeping keep: Duration
    ) async throws -> (removed: Int, passed: [RunKey]) {
        try await clean(input: input, keeping: keep, besides: [])
    }

    /// Likewise, where others than those who read the log need events of it.
    ///
    /// - Parameters:
    ///   - input: The input's name.
    ///   - keep: How long events are kept that somebody still needs.
    ///   - others: What others need.
    /// - Returns: How many were removed, and the runs that were passed.
    /// - Throws: As ``clean(input:keeping:)``.
    package func clean(
        input: String,
        keeping keep: Duration,
        besides others: [InputLogNeed]
    ) async throws -> (removed: Int, passed: [RunKey]) {
        guard let log = try await retrying({ _ in try await store.inputLog(input) }) else {
            throw InputLogSource.noLog(input, in: store.name)
        }
        let metaTable = InputLogSource.prefix + input
        var needs = try await needs(ofSource: metaTable, above: log.floor) + others
        // Nobody has read it: it waits for who will, as long as it may.
        var done = needs.map(\.done).min() ?? 0
        // Looking for what is old is for those that somebody still needs.
        let old =
            done >= log.last - 1
            ? nil
            : try await lastEvent(of: log, keptFor: keep)
        if let old, old > log.floor {
            // What failed that long ago is needed no more.
            needs = try await self.needs(ofSource: metaTable, above: old) + others
            done = needs.map(\.done).min() ?? 0
        }
        // The last event stays, whatever becomes of it.
        let floor = min(max(done, old ?? 0), max(log.last - 1, 0))
        guard floor > 0 else { return (0, []) }
        let step = 10_000
        var removed = 0
        while true {
            try Task.checkCancellation()
            let count = try await retrying { _ in
                try await store.clean(input, through: floor, limit: step)
            }
            removed += count
            if count == 0 { break }
        }
        return (removed, needs.filter { $0.done < floor }.map(\.key))
    }

    /// Forgets identities that last of events that are cleaned and were kept long ago.
    ///
    /// - Parameters:
    ///   - input: The input's name.
    ///   - age: How long ago they must have been kept.
    /// - Throws: ``TrancheError`` of the store.
    package func forgetCleaned(input: String, keptFor age: Duration) async throws {
        let step = 1000
        while true {
            try Task.checkCancellation()
            let count = try await retrying { _ in
                try await store.forgetCleaned(
                    in: input,
                    keptFor: age.milliseconds,
                    limit: step
                )
            }
            if count < step { return }
        }
    }

    /// The last event that was kept for so long; `nil` where none was.
    ///
    /// Events are kept one after the other, so that a few looks find it, however many there are.
    private func lastEvent(of log: InputLogRecord, keptFor keep: Duration) async throws -> Int64? {
        let bound = now.addingTimeInterval(-keep.seconds)
        var (known, unknown) = (log.floor, log.last)
        while known < unknown {
            // The upper of two, so that each look narrows what is left.
            let middle = unknown - (unknown - known) / 2
            let found = try await retrying { _ in
                try await store.events(of: log.name, in: middle...log.last, limit: 1).first
            }
            if let found, found.loggedAt <= bound {
                known = max(middle, min(found.number, unknown))
            } else {
                unknown = middle - 1
            }
        }
        return known > log.floor ? known : nil
    }
}
