import FoundationEssentials

/// A batch that succeeded long ago, as the archive keeps it: without result, log and attempts.
package struct ArchivedBatch: Sendable, Hashable {
    /// The batch's number.
    package var id: Int64
    /// How it came to be.
    package var kind: BatchKind
    /// The hand-out that succeeded: 1, 2, ….
    package var attempt: Int
    /// The id of its first item.
    package var idStart: Int64
    /// The id of its last item; at least ``idStart``.
    package var idEnd: Int64
    /// The id after which its tile begins; `nil` from the source's start, and for what has no tile.
    package var coverStart: Int64?
    /// The ids handed out; `nil` when the range says it all, or for an adopted batch, unknown.
    package var itemIDs: IDRuns?
    /// How many items it had; at least 0.
    ///
    /// It tells a range that says it all from unknown ids.
    package var count: Int
    /// The items' weight at the hand-out; `nil` for adopted batches without.
    package var weight: Double?
    /// Its number among the successes of its job.
    package var completion: Int64?
    /// When it succeeded, in milliseconds since 1970 UTC.
    package var endedMilliseconds: Int64
    /// Whether pybatchintory made it, so that its tile is no more than it names.
    package var isAdopted: Bool
    /// The interval that it was cut at; `nil` where its run is not cut by time.
    package var interval: BatchInterval?

    /// Makes a batch.
    package init(
        id: Int64,
        kind: BatchKind,
        attempt: Int = 1,
        idStart: Int64,
        idEnd: Int64,
        coverStart: Int64? = nil,
        itemIDs: IDRuns? = nil,
        count: Int,
        weight: Double? = nil,
        completion: Int64? = nil,
        endedMilliseconds: Int64,
        isAdopted: Bool = false,
        interval: BatchInterval? = nil
    ) {
        self.id = id
        self.kind = kind
        self.attempt = attempt
        self.idStart = idStart
        self.idEnd = idEnd
        self.coverStart = coverStart
        self.itemIDs = itemIDs
        self.count = count
        self.weight = weight
        self.completion = completion
        self.endedMilliseconds = endedMilliseconds
        self.isAdopted = isAdopted
        self.interval = interval
    }

    /// Takes over what the archive keeps of a batch.
    ///
    /// It fails for one that cannot be archived: it has not succeeded, has no end, its range is
    /// turned round, or its ids are more runs than ``ArchiveCodec/mostRuns`` or more than
    /// `Int.max - 1`.
    ///
    /// - Parameters:
    ///   - record: The batch.
    ///   - isAdopted: Whether pybatchintory made it.
    package init?(_ record: BatchRecord, isAdopted: Bool = false) {
        let (span, overflow) = record.idEnd.subtractingReportingOverflow(record.idStart)
        guard record.status == .succeeded, let endedAt = record.endedAt,
            !overflow, span >= 0, span < .max, record.count >= 0, record.attempt >= 1,
            record.itemIDs?.runs.count ?? 0 <= ArchiveCodec.mostRuns,
            record.itemIDs?.count ?? 0 < .max
        else { return nil }
        self.init(
            id: record.id,
            kind: record.kind,
            attempt: record.attempt,
            idStart: record.idStart,
            idEnd: record.idEnd,
            coverStart: record.coverStart,
            itemIDs: record.itemIDs,
            count: record.count,
            weight: record.weight,
            completion: record.completion,
            endedMilliseconds: endedAt.milliseconds,
            isAdopted: isAdopted,
            interval: record.interval
        )
    }

    /// The batch as a record: it started when it ended, and has neither worker nor result.
    ///
    /// - Parameter key: The run that it belongs to.
    /// - Returns: The record; its status is `succeeded`.
    package func record(of key: RunKey) -> BatchRecord {
        let endedAt = Date(milliseconds: endedMilliseconds)
        var record = BatchRecord(
            id: id,
            key: key,
            kind: kind,
            status: .succeeded,
            attempt: attempt,
            failures: 0,
            idStart: idStart,
            idEnd: idEnd,
            coverStart: coverStart,
            itemIDs: itemIDs,
            count: count,
            weight: weight,
            startedAt: endedAt,
            endedAt: endedAt,
            completion: completion,
            interval: interval
        )
        record.isPacked = true
        return record
    }

    /// Whether the batch was cut at the run's cursor, and so has a tile.
    package var isTile: Bool { kind == .incremental || kind == .backfill }

    /// The lowest id that it stands for: that of its tile, where it has one.
    ///
    /// - Parameter lower: The lowest id of its run's bounds.
    /// - Returns: The id; at most ``idEnd``.
    package func lowestID(in lower: Int64 = .min) -> Int64 {
        guard isTile, !isAdopted else { return idStart }
        guard let coverStart else { return min(lower, idStart) }
        return coverStart < idEnd ? coverStart + 1 : idStart
    }
}
