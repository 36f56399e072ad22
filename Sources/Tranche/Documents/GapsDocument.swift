package import FoundationEssentials

/// Ids behind the cursors of runs that may still be committed, and for whom the runs wait.
package struct GapsDocument: Codable, Sendable, Hashable {
    package let gaps: [GapDocument]
    package let waiting: [Waiting]
    package let dropped: [Dropped]
    package let writers: [WriterDocument]

    /// Makes the document of runs with their gaps, and of the writers that they wait for.
    package init(
        _ runs: [(run: RunRecord, gaps: [Gap])],
        writers: [(run: RunKey, writer: SourceWriter)] = []
    ) {
        self.writers = writers.map { WriterDocument($0.writer, of: $0.run) }
        gaps = runs.flatMap { run in run.gaps.map { GapDocument($0, of: run.run.key) } }
        waiting = runs.compactMap { Waiting($0.run) }
        dropped = runs.compactMap { Dropped($0.run) }
    }

    /// A run that waits for writers before it hands out ids up to a candidate.
    package struct Waiting: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
        package let ceiling: Int64?
        package let candidate: Int64
        package let until: Date?
        package let holders: [Holder]

        /// A writer that is waited for, and since when.
        package struct Holder: Codable, Sendable, Hashable {
            package let name: String
            package let since: Date
        }

        /// Makes the document of a run; `nil` where it does not wait.
        package init?(_ record: RunRecord) {
            let settling = record.settling
            guard let candidate = settling.candidate else { return nil }
            job = record.key.job
            meta = record.key.metaTable
            run = record.key.run
            ceiling = settling.ceiling
            self.candidate = candidate
            until = settling.passesAt(
                wait: record.policy.settleWait,
                lag: record.policy.settleLag
            )
            holders = settling.awaited.sorted().compactMap { name in
                settling.holders[name].map { Holder(name: name, since: $0) }
            }
        }
    }

    /// A run that has given up gaps, as there were too many.
    package struct Dropped: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
        package let gaps: Int

        init?(_ record: RunRecord) {
            guard record.droppedGaps > 0 else { return nil }
            job = record.key.job
            meta = record.key.metaTable
            run = record.key.run
            gaps = record.droppedGaps
        }
    }
}
