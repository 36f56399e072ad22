import Tranche

extension StopSource {
    /// Runs `body` while signals may stop it, the live line is drawn, and an estimate is made.
    ///
    /// - Parameters:
    ///   - signals: The signals; those within ``StopSignal/oneStop`` of the first are the same
    ///     stop.
    ///   - grace: How long what is in hand may go on after the first.
    ///   - clock: Measures both.
    ///   - progress: What is shown meanwhile; told of each stop.
    ///   - estimate: Finds out how much there is to do; again every half minute, unless that takes
    ///     long.
    ///   - body: The work.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError`.
    func whileWatching<Result: Sendable>(
        _ signals: AsyncStream<Int32>,
        grace: Grace,
        clock: any Clock<Duration>,
        _ progress: Progress,
        estimate: @escaping @Sendable () async -> Void,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        progress.stopsWithResults(self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            let besides: [@Sendable () async -> Void] = [
                { await self.watch(signals, grace: grace.length, clock: clock, progress) },
                { await self.end(after: grace.length, clock: clock) },
                { await progress.run() },
                {
                    await self.reached(.ending)
                    progress.stopWaitingForRoom()
                },
                { await Self.repeating(estimate, clock: clock) },
            ]
            for beside in besides {
                group.addTask {
                    await beside()
                    return nil
                }
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }

    /// Estimates, and again as others take of what is left.
    private static func repeating(
        _ estimate: @Sendable () async -> Void,
        clock: some Clock<Duration>
    ) async {
        let longest = Duration.milliseconds(500)
        let pause = Duration.seconds(30)
        while true {
            let start = clock.now
            await estimate()
            // Being cancelled is how it ends, too.
            guard start.duration(to: clock.now) < longest,
                (try? await clock.sleep(for: pause)) != nil
            else { return }
        }
    }

    /// Goes on to the next stage with each stop.
    ///
    /// - Parameters:
    ///   - signals: The signals; those within ``StopSignal/oneStop`` of the first are the same
    ///     stop.
    ///   - grace: How long what runs may go on after the first, to be said.
    ///   - clock: Tells one stop from another.
    ///   - progress: Receives each stop.
    func watch(
        _ signals: AsyncStream<Int32>,
        grace: Duration,
        clock: some Clock<Duration>,
        _ progress: Progress
    ) async {
        var stops = Stops()
        let start = clock.now
        for await number in signals where stops.isNew(at: start.duration(to: clock.now)) {
            let isFirst = stops.count == 1
            advance(to: isFirst ? .stopping : .ending)
            let words =
                isFirst
                ? "finishing what runs for up to \(grace.words); again to stop now"
                : "stopping now"
            progress.update(
                "\(StopSignal(rawValue: number)?.name ?? "signal \(number)"): \(words)",
                isAlwaysShown: true
            )
        }
    }
}
