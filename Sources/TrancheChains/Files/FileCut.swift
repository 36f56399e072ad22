import Tranche

/// Cuts records off, one range after the other.
struct FileCut {
    let source: FileMetaSource
    /// How far the content goes; found where it was unknown.
    var size: Int64

    /// Where the record after another begins.
    mutating func end(ofRecordAt offset: Int64) async throws -> Int64 {
        guard offset >= source.dataStart else { return source.dataStart }
        guard offset < size else { return size }
        let limit = BatchLimit(count: 1)
        let record = try await records(from: offset, through: .max, limit: limit)
        if let fault = record.fault { throw await source.broken(fault, at: record.lineStart) }
        return record.count > 0 ? record.end : size
    }

    /// The start of the first record at or behind an offset, which may be in the midst of one.
    ///
    /// Whether an offset is within quotes only shows from a record's end before it: the file is
    /// read from its start, at the speed at which plans are made.
    mutating func firstRecord(from offset: Int64) async throws -> Int64 {
        var scanner = source.format.scanner(at: source.dataStart)
        var place = source.dataStart
        while place < min(offset, size) {
            let end = min(offset, size, place.addingClamped(FileMetaSource.step))
            let read = try await source.read(place..<end, goingOnTo: offset, size: &size)
            _ = read.withUnsafeBufferPointer {
                scanner.scan($0, limit: .max, most: .max)
            }
            // Nothing more can be read where it is spoilt, and what is asked for lies behind that.
            guard !read.isEmpty else { break }
            place += Int64(read.count)
        }
        guard offset < size else { return size }
        if scanner.lineStart == offset { return offset }
        let limit = BatchLimit(count: 1)
        let record = try await records(from: scanner.lineStart, through: .max, limit: limit)
        if let fault = record.fault { throw await source.broken(fault, at: record.lineStart) }
        guard record.count > 0 else { return size }
        // What is under way may be no record, such as an empty line.
        return record.firstStart >= offset ? record.firstStart : record.end
    }

    /// The longest run of records from a place on that is within a limit.
    mutating func records(
        from start: Int64,
        through upper: Int64,
        limit: BatchLimit
    ) async throws -> any RecordScanning {
        let weight = limit.weight.map { Int64(min($0, 0x1p62)) } ?? .max
        let (end, isEndless) = start.addingReportingOverflow(weight)
        let (beyond, isOpen) = upper.addingReportingOverflow(1)
        let last = min(isEndless ? .max : end, isOpen ? .max : beyond)
        let most = limit.count ?? .max
        var scanner = source.format.scanner(at: start)
        try await scan(&scanner, from: start, limit: last, most: most)
        if scanner.isOverfull {
            // Without the last record, what belongs to it stays behind the limit with it.
            let fewer = scanner.count - 1
            scanner = source.format.scanner(at: start)
            try await scan(&scanner, from: start, limit: last, most: fewer)
        }
        // A record that begins within the bounds and ends behind them belongs to them.
        let isBounded = last == beyond && !isOpen
        if isBounded, scanner.count > 0, scanner.count < most, scanner.end <= upper,
            scanner.end < size
        {
            var one = source.format.scanner(at: scanner.end)
            try await scan(&one, from: scanner.end, limit: .max, most: 1)
            if one.count == 1, one.firstStart <= upper, isEndless || one.end <= end {
                scanner.take(one)
            }
        }
        return scanner
    }

    mutating func hasRecord(from start: Int64, through upper: Int64) async throws -> Bool {
        var scanner = source.format.scanner(at: start)
        try await scan(&scanner, from: start, limit: .max, most: 1)
        return scanner.count > 0 && scanner.firstStart <= upper
    }

    private mutating func scan(
        _ scanner: inout any RecordScanning,
        from start: Int64,
        limit: Int64,
        most: Int
    ) async throws {
        var place = start
        // A batch's end is near its limit; where it counts records, it is not known.
        let goal = most == 1 ? start : min(size, limit)
        while place < size {
            try Task.checkCancellation()
            let end = min(size, place.addingClamped(FileMetaSource.step))
            let read: [UInt8]
            do {
                read = try await source.read(
                    place..<end,
                    goingOnTo: max(end, goal),
                    size: &size
                )
            } catch let error as TrancheError
                where error.code == .invalidItem && scanner.count > 0
            {
                // Told to whoever asks for what follows.
                return
            }
            let isDone = read.withUnsafeBufferPointer {
                scanner.scan($0, limit: limit, most: most)
            }
            if isDone { return try await source.requireSound(scanner) }
            place += Int64(read.count)
            if scanner.count > 0, scanner.lineStart < place, place > limit { return }
            if place - scanner.lineStart > FileMetaSource.longestRecord {
                throw await source.tooLong(scanner)
            }
        }
        if source.grows { return }
        scanner.finish(limit: limit, most: most)
        try await source.requireSound(scanner)
    }
}
