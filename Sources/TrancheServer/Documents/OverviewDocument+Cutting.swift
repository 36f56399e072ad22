import Tranche

extension OverviewDocument {
    /// The most bytes of its text, which a page reads again and again.
    static let mostBytes = 98_000

    /// What of that each list has where not all have room.
    private static let shares = (
        jobs: 46_000, problems: 8000, notes: 4000, budgets: 8000, workers: 8000, changes: 8000
    )

    /// The text, within its bound: the last of each list make room, and are counted.
    ///
    /// - Returns: The text.
    /// - Throws: What encoding throws.
    func text() throws -> String {
        let whole = try documentText()
        return whole.utf8.count <= Self.mostBytes ? whole : try cut().documentText()
    }

    private func cut() throws -> OverviewDocument {
        var cut = self
        cut.verdict.problems = try Self.fitting(verdict.problems, in: Self.shares.problems)
        cut.verdict.moreProblems += verdict.problems.count - cut.verdict.problems.count
        cut.verdict.notes = try Self.fitting(verdict.notes, in: Self.shares.notes)
        cut.verdict.moreNotes += verdict.notes.count - cut.verdict.notes.count
        cut.budgets = try Self.fitting(budgets, in: Self.shares.budgets)
        cut.moreBudgets += budgets.count - cut.budgets.count
        cut.workers = try Self.fitting(workers, in: Self.shares.workers)
        cut.moreWorkers += workers.count - cut.workers.count
        cut.changes = try Self.fitting(changes, in: Self.shares.changes)
        // Without its bar a job still says what stands in its way: bars have what is left.
        let bare = jobs.map { job in
            var job = job
            job.coverage = nil
            return job
        }
        cut.jobs = try Self.fitting(bare, in: Self.shares.jobs)
        cut.moreJobs += jobs.count - cut.jobs.count
        var left = Self.mostBytes - (try cut.documentText().utf8.count)
        for place in cut.jobs.indices {
            guard let bar = jobs[place].coverage else { continue }
            left -= try bar.documentText().utf8.count
            guard left >= 0 else { break }
            cut.jobs[place].coverage = bar
        }
        return cut
    }

    /// The first of a list whose texts have room; one at least.
    private static func fitting<Part: Encodable>(_ all: [Part], in bytes: Int) throws -> [Part] {
        var left = bytes
        for (place, part) in all.enumerated() {
            // With the comma behind it.
            left -= try part.documentText().utf8.count + 1
            if left < 0 { return Array(all.prefix(max(1, place))) }
        }
        return all
    }
}
