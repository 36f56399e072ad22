import FoundationEssentials
import Tranche
import TrancheConnectors

extension Workflows {
    /// Keeps a snapshot, whole or not at all.
    ///
    /// - Parameters:
    ///   - snapshot: The snapshot.
    ///   - place: A folder's path: a file as ``WorkflowSnapshot/write(to:)`` writes it. The URL of
    ///     a prefix of objects, such as `s3://BUCKET/snapshots`: an object of the name that the
    ///     file would have; said again, it is replaced. Or a sink, such as `table:snapshot`: a
    ///     record of the fields `meta`, `job`, `run`, `at` (a text in UTC) and `snapshot` (the
    ///     JSON); said again it is a second one, unless the sink has the first four as its key.
    /// - Returns: Where it is: the path, the URL, or the sink's name.
    /// - Throws: `SpecError` for what is not a place; `TrancheError` `.sinkUnavailable` (transient)
    ///   or `.sinkFailed`, or what the sink throws. It may be kept again.
    @discardableResult
    public func keep(_ snapshot: WorkflowSnapshot, at place: String) async throws -> String {
        switch try SnapshotPlace(place, connectors) {
        case .folder(let path): return try snapshot.write(to: path)
        case .objects(let prefix, let keeper):
            let url = "\(prefix)/\(snapshot.fileName)"
            let bytes = Array((try snapshot.documentText() + "\n").utf8)
            try await keeper.keep(bytes, at: url, context)
            return url
        case .rows(let spec): return try await keep(snapshot, in: connectors.sink(spec, context))
        }
    }

    /// Keeps a snapshot as a record of a sink.
    private func keep(
        _ snapshot: WorkflowSnapshot,
        in sink: any RecordSink
    ) async throws -> String {
        let progress = snapshot.progress
        let fields = try RecordFields(["meta", "job", "run", "at", "snapshot"])
        let texts = [
            progress.meta, progress.job, progress.run, progress.at.utcText,
            try snapshot.documentText(),
        ]
        let record = try Record(id: 1, fields: fields, values: texts.map { .text($0) })
        do {
            try await sink.prepare(for: fields, beside: inventory.store)
            try await sink.withWriter(for: snapshot.record) { writer in
                do {
                    try await writer.write([record])
                    _ = try await writer.finish()
                } catch {
                    await writer.abandon()
                    throw error
                }
                guard let refused = writer.takeRefused().first else { return }
                throw TrancheError(
                    .sinkFailed,
                    "\(sink.name) does not take the snapshot: \(refused.message)"
                )
            }
        } catch {
            await sink.close()
            throw error
        }
        await sink.close()
        return sink.name
    }
}

extension WorkflowSnapshot {
    /// What a sink is told that the record comes from, where it writes batches.
    fileprivate var record: BatchRecord {
        BatchRecord(
            id: progress.at.milliseconds,
            key: RunKey(metaTable: progress.meta, job: progress.job, run: progress.run),
            kind: .incremental,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: 1,
            idEnd: 1,
            coverStart: nil,
            itemIDs: nil,
            count: 1,
            weight: nil,
            startedAt: progress.at
        )
    }
}
