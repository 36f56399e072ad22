extension Clock<Duration> {
    /// Runs `body`, and cancels it when a time has passed.
    ///
    /// - Parameters:
    ///   - time: How long `body` may take; `nil` for as long as it wants.
    ///   - body: What to run; it returns soon after it was cancelled.
    package func limit(
        to time: Duration?,
        _ body: @escaping @Sendable () async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await body() }
            // Sleeping fails where it is cut short alone: `body` has returned.
            if let time { tasks.addTask { try? await self.sleep(for: time) } }
            await tasks.next()
            tasks.cancelAll()
        }
    }
}
