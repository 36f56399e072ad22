import FoundationEssentials

/// The intervals of batches of runs that are cut by time.
///
/// Each is a byte that tells how it follows from the one before, and where that does not say it,
/// its beginning and its length in milliseconds.
extension ArchiveCodec {
    private enum Mark {
        /// The batch has none.
        static let none: UInt8 = 0
        /// It is that of the batch before.
        static let same: UInt8 = 1
        /// It follows that of the batch before, and is as long.
        static let next: UInt8 = 2
        /// It is another one.
        static let other: UInt8 = 3
    }

    /// The last interval, in milliseconds since 1970 UTC.
    private struct Place: Equatable {
        var from: Int64 = 0
        var length: Int64 = 0

        var next: Place { Place(from: from &+ length, length: length) }
    }

    static func writeIntervals(of batches: [ArchivedBatch], to writer: inout PackedWriter) {
        var before = Place()
        for batch in batches {
            guard let interval = batch.interval else {
                writer.append(byte: Mark.none)
                continue
            }
            let from = interval.from.milliseconds
            let place = Place(from: from, length: interval.to.milliseconds &- from)
            switch place {
            case before: writer.append(byte: Mark.same)
            case before.next: writer.append(byte: Mark.next)
            default:
                writer.append(byte: Mark.other)
                writer.append(place.from, from: before.from)
                writer.append(place.length, from: before.length)
            }
            before = place
        }
    }

    static func readIntervals(
        of batches: inout [ArchivedBatch],
        from reader: inout PackedReader
    ) throws(PackedBytesError) {
        var before = Place()
        for index in batches.indices {
            switch try reader.byte() {
            case Mark.none: continue
            case Mark.same: break
            case Mark.next: before = before.next
            case Mark.other:
                let from = try reader.number(from: before.from)
                before = Place(from: from, length: try reader.number(from: before.length))
            default: throw PackedBytesError("an interval is unknown")
            }
            let (to, overflow) = before.from.addingReportingOverflow(before.length)
            guard before.length > 0, !overflow else {
                throw PackedBytesError("the interval of batch \(batches[index].id) is not one")
            }
            batches[index].interval = BatchInterval(
                from: Date(milliseconds: before.from),
                to: Date(milliseconds: to)
            )
        }
    }
}
