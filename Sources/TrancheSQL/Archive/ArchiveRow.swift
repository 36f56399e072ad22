import Tranche

/// A row of the archive, before it is written.
struct ArchiveRow: Sendable {
    /// The batches, ascending by number; not empty.
    let batches: [ArchivedBatch]
    let body: [UInt8]

    /// Most batches of a row.
    static let mostBatches = 1000
    /// About how many bytes a row has at most: few enough to be read for one batch.
    static let mostBytes = 1 << 16

    private init(_ batches: ArraySlice<ArchivedBatch>) {
        self.batches = Array(batches)
        body = ArchiveCodec.pack(self.batches)
    }

    /// Distributes batches over rows.
    ///
    /// - Parameter batches: The batches, in any order.
    /// - Returns: The rows; late batches are in rows of their own.
    static func rows(of batches: [ArchivedBatch]) -> [ArchiveRow] {
        [false, true].flatMap { isLate in
            cut(batches.filter { ($0.kind == .late) == isLate }.sorted { $0.id < $1.id })
        }
    }

    private static func cut(_ batches: [ArchivedBatch]) -> [ArchiveRow] {
        var rows: [ArchiveRow] = []
        var start = 0
        var bytes = 0
        for (index, batch) in batches.enumerated() {
            let more = 16 + 3 * (batch.itemIDs?.runs.count ?? 0)
            if index > start, index - start == mostBatches || bytes + more > mostBytes {
                rows.append(ArchiveRow(batches[start..<index]))
                start = index
                bytes = 0
            }
            bytes += more
        }
        if start < batches.count { rows.append(ArchiveRow(batches[start...])) }
        return rows
    }

    var hasLate: Bool { batches.contains { $0.kind == .late } }

    var ids: ClosedRange<Int64> {
        let lower = batches.map { $0.lowestID() }.min() ?? 0
        return lower...max(lower, batches.map(\.idEnd).max() ?? 0)
    }

    var completions: ClosedRange<Int64>? {
        let numbers = batches.compactMap(\.completion)
        guard let lower = numbers.min(), let upper = numbers.max() else { return nil }
        return lower...upper
    }

    var items: Int { batches.reduce(0) { $0.addingClamped($1.count) } }

    var weight: Double { batches.reduce(0) { $0.addingClamped($1.weight ?? 0) } }

    var endedUntil: Int64 { batches.map(\.endedMilliseconds).max() ?? 0 }
}
