import Tranche

extension Workflows {
    /// Works while trackers are told of it: when it begins, at their intervals, at the first
    /// failure, and when it ends, also where it was cancelled.
    func withTracking<Result: Sendable>(
        of handle: WorkflowHandle,
        _ options: WorkflowOptions,
        _ work: @escaping @Sendable (TrackerGroup) async throws -> Result
    ) async throws -> Result {
        let clock = inventory.configuration.clock
        let trackers = TrackerGroup(
            calls: options.trackers.map { TrackerCalls($0, handle, clock, options.onNotice) }
        )
        if trackers.calls.isEmpty { return try await work(trackers) }
        // Not children: who is cancelled is told of the end all the same. They end by themselves.
        let tellers = trackers.calls.map { call in Task { await call.tellAll() } }
        let result: Swift.Result<Result, any Error> = await withTaskGroup(of: Void.self) { group in
            for call in trackers.calls { group.addTask { await call.tick() } }
            defer { group.cancelAll() }
            do {
                return .success(try await work(trackers))
            } catch {
                return .failure(error)
            }
        }
        for call in trackers.calls { call.note { $0.end() } }
        for teller in tellers { await teller.value }
        return try result.get()
    }
}
