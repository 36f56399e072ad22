import Foundation
import Tranche

extension MemoryTables {
    // MARK: Completions

    /// Numbers the successes of a job that have no number yet.
    ///
    /// - Returns: The highest number.
    mutating func numberCompletions(of job: JobKey) -> Int64? {
        let done = succeeded(of: job)
        var last = done.compactMap(\.completion).max()
        let new = done.filter { $0.completion == nil }
            .sorted { ($0.endedAt ?? .distantPast, $0.id) < ($1.endedAt ?? .distantPast, $1.id) }
        for var batch in new {
            last = (last ?? 0) + 1
            batch.completion = last
            keep(batch)
            for index in archive.indices where archive[index].id == batch.id {
                archive[index] = batch
            }
        }
        return last
    }

    /// Numbered batches, ascending by number.
    func completions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int
    ) -> [BatchRecord] {
        Array(
            succeeded(of: job)
                .filter { $0.completion.map { range.contains($0) } ?? false }
                .sorted { $0.completion ?? 0 < $1.completion ?? 0 }
                .prefix(limit)
        )
    }

    private func succeeded(of job: JobKey) -> [BatchRecord] {
        (archive + rows.map(\.batch)).filter { $0.status == .succeeded && job.has($0.key) }
    }

    // MARK: Compaction

    /// Packs succeeded batches that ended before a date.
    mutating func compact(_ selection: RunSelection, endedBefore ended: Date, isDryRun: Bool)
        -> CompactionReport
    {
        var report = CompactionReport()
        for batch in rows.map(\.batch) where selection.includes(batch.key) {
            guard let packed = ArchivedBatch(batch), let end = batch.endedAt, end < ended else {
                continue
            }
            // What was made of it again is found by it.
            if rows.contains(where: { $0.batch.parent == batch.id }) { continue }
            if isNeededDownstream(batch) {
                report.kept += 1
                continue
            }
            report.batches += 1
            report.archiveRows += 1
            report.archivedBytes += ArchiveCodec.pack([packed]).count
            report.attempts += attempts.count { $0.batch == batch.id }
            if batch.result != nil || batch.logging != nil { report.results += 1 }
            if isDryRun { continue }
            archive.append(packed.record(of: batch.key))
            rows.removeAll { $0.batch.id == batch.id }
            attempts.removeAll { $0.batch == batch.id }
            outputs = outputs.filter { $0.key.batch != batch.id }
        }
        return report
    }

    /// Whether a downstream run may still read the result of a batch.
    private func isNeededDownstream(_ batch: BatchRecord) -> Bool {
        let table = InventorySource.prefix + batch.key.job
        return runs.contains { run in
            guard run.key.metaTable == table else { return false }
            guard let completion = batch.completion else {
                // It gets a number above all others, once somebody asks.
                return !run.isAtEnd
            }
            if run.bounds.contains(completion), run.cursor.map({ completion > $0 }) ?? true {
                return true
            }
            return batches(of: run.key).contains { downstream in
                let ids = downstream.ids ?? IDRuns(downstream.range)
                return !downstream.isFinal && ids.contains(completion)
            }
        }
    }
}

extension JobKey {
    fileprivate func has(_ key: RunKey) -> Bool {
        key.metaTable == metaTable && key.job == job
    }
}
