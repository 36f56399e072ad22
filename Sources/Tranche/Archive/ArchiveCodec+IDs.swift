/// The ids of batches whose range does not say them all.
///
/// Runs are written as their length and the gap before them; equal ones that follow each other,
/// such as those of ids in steps, are written once with their number.
extension ArchiveCodec {
    private enum Mark {
        /// No ids are listed; only their number is known.
        static let none: UInt8 = 0
        /// The ids are listed, and their number is the batch's.
        static let listed: UInt8 = 1
        /// The ids are listed, and the batch has another number.
        static let listedApart: UInt8 = 2
    }

    static func writeIDs(_ batch: ArchivedBatch, to writer: inout PackedWriter) {
        guard let ids = batch.itemIDs else {
            writer.append(byte: Mark.none)
            writer.append(UInt64(batch.count))
            return
        }
        let isCounted = ids.count == batch.count
        writer.append(byte: isCounted ? Mark.listed : Mark.listedApart)
        if !isCounted { writer.append(UInt64(batch.count)) }
        writer.append(UInt64(ids.runs.count))
        guard let first = ids.runs.first else { return }
        writer.append(first.lowerBound, from: batch.idStart)
        writer.append(first.span)
        var place = 1
        while place < ids.runs.count {
            let step = Step(ids.runs, at: place)
            var times = 1
            while place + times < ids.runs.count, Step(ids.runs, at: place + times) == step {
                times += 1
            }
            writer.append(step.span << 1 | (times > 1 ? 1 : 0))
            writer.append(step.gap)
            if times > 1 { writer.append(UInt64(times - 2)) }
            place += times
        }
    }

    static func readIDs(
        from idStart: Int64,
        _ reader: inout PackedReader,
        runs: inout Int
    ) throws(PackedBytesError) -> (count: Int, itemIDs: IDRuns?) {
        let mark = try reader.byte()
        guard mark <= Mark.listedApart else { throw PackedBytesError("a list of ids is unknown") }
        if mark == Mark.none { return (try reader.int(), nil) }
        let count = mark == Mark.listedApart ? try reader.int() : nil
        let number = try reader.int()
        guard number <= mostRuns - runs else { throw PackedBytesError("it has too many ids") }
        runs += number
        var ids = IDRuns()
        if number > 0 {
            let lower = try reader.number(from: idStart)
            try ids.append(from: lower, span: try reader.number())
        }
        var left = number - 1
        while left > 0 {
            let head = try reader.number()
            let gap = try reader.number()
            var times = 1
            if head & 1 == 1 {
                let more = try reader.int()
                guard more <= left - 2 else { throw PackedBytesError("a list of ids is too long") }
                times = more + 2
            }
            for _ in 0..<times { try ids.append(behind: gap, span: head >> 1) }
            left -= times
        }
        return (count ?? ids.count, ids)
    }

    /// A run as it is written: its length less one, and how many ids more than one are left out
    /// before.
    private struct Step: Equatable {
        let span: UInt64
        let gap: UInt64

        init(_ runs: [ClosedRange<Int64>], at place: Int) {
            span = runs[place].span
            gap = UInt64(bitPattern: runs[place].lowerBound &- runs[place - 1].upperBound &- 2)
        }
    }
}

extension ClosedRange<Int64> {
    /// The length less one.
    fileprivate var span: UInt64 { UInt64(bitPattern: upperBound &- lowerBound) }
}

extension IDRuns {
    fileprivate mutating func append(behind gap: UInt64, span: UInt64) throws(PackedBytesError) {
        guard let last, let next = last.advanced(by: 2)?.advanced(by: gap) else {
            throw PackedBytesError("an id is too large")
        }
        try append(from: next, span: span)
    }

    fileprivate mutating func append(from lower: Int64, span: UInt64) throws(PackedBytesError) {
        guard let upper = lower.advanced(by: span), span < UInt64(Int.max - count) else {
            throw PackedBytesError("an id is too large")
        }
        append(run: lower...upper)
    }
}

extension Int64 {
    /// The number that lies some above this one; `nil` when there is none.
    fileprivate func advanced(by distance: UInt64) -> Int64? {
        guard distance <= UInt64(bitPattern: Int64.max &- self) else { return nil }
        return self &+ Int64(bitPattern: distance)
    }
}
