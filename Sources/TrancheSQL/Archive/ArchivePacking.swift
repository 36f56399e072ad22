import Tranche

/// Which batches of a run go into the archive, and into which of its rows.
struct ArchivePacking: Sendable {
    /// The batches that go into the archive, ascending by number.
    private(set) var moved: [ArchivedBatch]
    /// How many stay, because a downstream run may still read them.
    let kept: Int
    /// The rows to write.
    private(set) var rows: [ArchiveRow] = []
    /// The numbers of the rows that these replace.
    private(set) var reopened: [Int64] = []
    /// How many bytes more the archive has then.
    private(set) var bytes = 0

    /// Decides what goes.
    ///
    /// What was never numbered is numbered here, so that a job that asks for it one day finds it.
    ///
    /// - Parameters:
    ///   - found: The batches that are old enough, ascending by number.
    ///   - needs: What downstream runs may still read.
    ///   - highest: The highest completion of the job; 0 before the first.
    init(found: [ArchivedBatch], needs: [DownstreamNeed], highest: Int64) {
        moved = found.filter { batch in !needs.contains { $0.needs(batch) } }
        kept = found.count - moved.count
        let unnumbered = moved.indices.filter { moved[$0].completion == nil }
            .sorted { (moved[$0].endedMilliseconds, $0) < (moved[$1].endedMilliseconds, $1) }
        for (place, index) in unnumbered.enumerated() {
            moved[index].completion = highest + 1 + Int64(place)
        }
    }

    /// Distributes what goes over rows; open ones are filled first.
    ///
    /// - Throws: `TrancheError` `.storeFailed` where two of the batches have one number: a row with
    ///   both could not be read any more.
    mutating func pack(into open: [OpenRow] = []) throws {
        let filled = open.filter { row in
            moved.contains { ($0.kind == .late) == (row.batches.first?.kind == .late) }
        }
        reopened = filled.map(\.id)
        let all = (moved + filled.flatMap(\.batches)).sorted { $0.id < $1.id }
        for (batch, next) in zip(all, all.dropFirst()) where batch.id == next.id {
            throw TrancheError(
                .storeFailed,
                "there are two batches \(batch.id), one of which is packed, so nothing more is: "
                    + "begin again from the file that was imported, in an inventory of its own"
            )
        }
        rows = ArchiveRow.rows(of: all)
        bytes = rows.reduce(0) { $0 + $1.body.count } - filled.reduce(0) { $0 + $1.bytes }
    }

    /// A row of the archive that has room for more.
    struct OpenRow: Sendable {
        let id: Int64
        let batches: [ArchivedBatch]
        let bytes: Int
    }
}

/// What one downstream run may still read of a job.
struct DownstreamNeed: Hashable {
    /// The completions.
    let completions: ClosedRange<Int64>

    /// Finds out what a run may still read; it fails for one that has finished.
    ///
    /// - Parameters:
    ///   - cursor: The completion up to which it has passed; `nil` before the first.
    ///   - bounds: The completions that it may use.
    ///   - lowestOpen: The first completion of its batches that are running, released or to be
    ///     tried again; `nil` when there is none.
    init?(cursor: Int64?, bounds: IDBounds, lowestOpen: Int64?) {
        let upper = bounds.upper ?? .max
        var lower = max(bounds.lower ?? .min, cursor.map { $0 == .max ? $0 : $0 + 1 } ?? .min)
        if let lowestOpen { lower = min(lower, lowestOpen) }
        guard lower <= upper, cursor != .max || lowestOpen != nil else { return nil }
        completions = lower...upper
    }

    /// Whether a batch may still be read; one without a number will get one above all others.
    func needs(_ batch: ArchivedBatch) -> Bool {
        batch.completion.map { completions.contains($0) } ?? true
    }
}
