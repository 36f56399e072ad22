import FoundationEssentials
import Tranche

extension Inventory {
    /// Which events of an input jobs after a load still need, whose files they have to look at.
    ///
    /// Such a job reads the completions of another job, and the events of these.
    ///
    /// - Parameters:
    ///   - jobs: The jobs, of one input.
    ///   - keep: How long what has failed for good is needed, so that it can be retried.
    /// - Returns: What each needs; events that are not done yet by the other job among it.
    /// - Throws: `TrancheError` of the store.
    func needs(of jobs: [LinkJob], keeping keep: Duration) async throws -> [InputLogNeed] {
        var needs: [InputLogNeed] = []
        for job in jobs {
            guard let upstream = job.upstream else { continue }
            // One that was cancelled needs nothing, however much is left.
            if try await isCancelled(job.name) { continue }
            // Before its completions are read: what is completed meanwhile is behind this.
            var before = try await self.needs(ofInput: job.input)
                .filter { $0.key.job == upstream }.map(\.done).min()
            if before == nil, try await isCancelled(upstream) { before = Int64.max }
            let table = InventorySource.prefix + upstream
            var failed = BatchSelection(runs: RunSelection(job: job.name), limit: 1)
            failed.status = .failed
            let last = try await batches(failed).first?.endedAt
            let isRecent = last.map { now.timeIntervalSince($0) < keep.seconds } ?? false
            let done = try await self.needs(ofSource: table, above: isRecent ? 0 : .max)
                .filter { $0.key.job == job.name }.map(\.done).min()
            let key = JobKey(metaTable: InputLogSource.prefix + job.input, job: upstream)
            let lowest = try await lowestEvent(of: key, after: done ?? 0)
            needs.append(
                InputLogNeed(
                    key: RunKey(metaTable: table, job: job.name),
                    done: min(before ?? 0, lowest.map { $0 - 1 } ?? .max)
                )
            )
        }
        return needs
    }

    /// Whether a link's job has begun, and was cancelled.
    private func isCancelled(_ job: String) async throws -> Bool {
        try await runs(RunSelection(job: job)).contains { run in
            run.key.run.isEmpty && run.cancellation != nil
        }
    }

    /// The lowest event among those of completions behind a number; `nil` where there is none.
    private func lowestEvent(of job: JobKey, after number: Int64) async throws -> Int64? {
        let last = try await retrying { _ in try await store.numberCompletions(of: job) }
        guard let last else { return nil }
        let size = 1000
        var lowest: Int64?
        var next = number + 1
        while next <= last {
            let page = try await completions(of: job, in: next...last, limit: size)
            for batch in page { lowest = min(lowest ?? batch.idStart, batch.idStart) }
            guard page.count == size, let number = page.last?.completion else { break }
            next = number + 1
        }
        return lowest
    }
}
