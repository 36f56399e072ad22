import Tranche

/// Reading records.
extension FileMetaSource {
    /// How much is cut off at once where all records are read: so much is kept of what is decoded
    /// or fetched, until the records that were cut off are read.
    private static let piece: Double = 1_048_576

    func records(
        of batch: BatchRecord,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        let size = try await currentSize()
        let end = batch.idStart.addingClamped(batch.weight.map(\.nearestInteger) ?? 0)
        if grows, end > size { throw cutOff(at: end, size) }
        var reading = Reading(source: self, place: batch.idStart, size: size)
        let onFault = { try onFault(withEncoding($0)) }
        if let ids = batch.itemIDs {
            // A part of a batch that was split.
            let last = ids.last ?? batch.idStart
            return ChunkReader {
                if reading.place <= last {
                    let chunk = try await reading.next { fault in
                        if ids.contains(fault.id) { try onFault(fault) }
                    }
                    if let chunk { return chunk.filter { ids.contains($0.id) } }
                }
                try await requireSameFile()
                return nil
            }
        }
        if batch.weight != nil { reading.size = min(size, end) }
        return ChunkReader {
            if let chunk = try await reading.next(onFault) { return chunk }
            // What was put in the file's place meanwhile would be read as the rest of it.
            try await requireSameFile()
            return nil
        }
    }

    /// Reads all records, from the first, or the one at an offset, to the last.
    ///
    /// They are cut off piece by piece, as batches are: what ends the content too early is told
    /// once all before it was read.
    ///
    /// - Parameters:
    ///   - start: The offset of the first one.
    ///   - onFault: Called with content that is not a record.
    /// - Returns: The records.
    /// - Throws: `TrancheError` `.redefined`; as the reader.
    func allRecords(
        from start: Int64? = nil,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        var cut = FileCut(source: self, size: try await currentSize())
        var place = start ?? dataStart
        var reading: Reading?
        var found: (any RecordScanning)?
        let onFault = { try onFault(withEncoding($0)) }
        return ChunkReader {
            while true {
                if let chunk = try await reading?.next(onFault) { return chunk }
                if let found, let fault = found.fault {
                    throw await broken(fault, at: found.lineStart)
                }
                guard place < cut.size else { return nil }
                let limit = BatchLimit(weight: Self.piece)
                let next = try await cut.records(from: place, through: .max, limit: limit)
                guard next.count > 0 else { return nil }
                reading = Reading(source: self, place: next.firstStart, size: next.end)
                place = next.end
                found = next
            }
        }
    }

    /// Fails where the content is another than it was when it was opened.
    ///
    /// - Throws: `TrancheError` `.redefined`; as the reader.
    func requireUnchanged() async throws { _ = try await currentSize() }

    /// Fails where another file, or one of another size, stands there; one of which the time alone
    /// has changed is the same.
    ///
    /// What has no identity, such as an object, is read in the state that was seen last, and is not
    /// asked for it again unless that was another.
    ///
    /// - Throws: As ``requireUnchanged()``.
    func requireSameFile() async throws {
        if opened.identity == nil, !change.isSeen { return }
        let state = try await bytes.state()
        let isSame =
            state.identity != nil && state.identity == opened.identity
            && state.storedSize == opened.storedSize
        if !isSame { _ = try size(in: state) }
    }

    /// A fault that says what to do about text in another encoding.
    private func withEncoding(_ fault: RecordFault) -> RecordFault {
        var fault = fault
        for index in fault.errors.indices where fault.errors[index].message.contains("not UTF-8") {
            if let encoding = bytes.encoding {
                fault.errors[index].message.replace(
                    "is not UTF-8",
                    with: "has bytes that are not \(encoding)"
                )
            } else {
                fault.errors[index].message +=
                    "; name the file's encoding, such as with --encoding latin1, or give "
                    + "--replace-invalid"
            }
        }
        return fault
    }

    /// Reads records chunk by chunk.
    private struct Reading {
        let source: FileMetaSource
        var place: Int64
        var size: Int64
        private var parser: any RecordParser
        private var step = FileMetaSource.chunk
        /// How far lines were counted.
        private var countedTo: Int64

        init(source: FileMetaSource, place: Int64, size: Int64) {
            self.source = source
            self.place = place
            self.size = size
            countedTo = place
            parser = source.format.parser(fields: source.fields)
        }

        mutating func next(_ onFault: (RecordFault) throws -> Void) async throws -> [Record]? {
            while place < size {
                let wanted = place..<min(size, place.addingClamped(step))
                let read = try await source.read(wanted, goingOnTo: size, size: &size)
                let end = place + Int64(read.count)
                countLines(of: read)
                let (blocks, used) = try parser.parse(
                    read,
                    at: place,
                    isLast: end == size,
                    onFault: onFault
                )
                if used == 0 {
                    guard end < size else {
                        place = size
                        return nil
                    }
                    try await source.requireSound(end, of: wanted)
                    step *= 4
                    continue
                }
                place += Int64(used)
                step = FileMetaSource.chunk
                return blocks.count == 1 ? blocks[0].records : blocks.flatMap(\.records)
            }
            return nil
        }

        /// Counts the lines of what was read, but of what was read again.
        private mutating func countLines(of read: [UInt8]) {
            let (lines, end) = (source.lineIndex, place + Int64(read.count))
            guard lines.countsWhileReading, end > countedTo else { return }
            let new = read[Int(countedTo - place)...]
            lines.add(countedTo..<end, lines: lines.count(new))
            countedTo = end
        }
    }
}

extension FileMetaSource {
    /// Whether a CSV file may be read in this way, which is that of a file that stood there before
    /// and finds the same fields.
    ///
    /// A header that says them shows it; where they are given, the delimiter tells, once there is a
    /// record. The file's own content may tell less of how it is written than the other's did, and
    /// nothing else: what quotes mean, or that its header has more records.
    ///
    /// - Parameter own: The same file as its own content tells how to read it.
    /// - Returns: Whether it fits; never for what is no CSV.
    /// - Throws: `TrancheError` `.invalidItem`, `.sourceUnavailable`.
    func fits(_ own: FileMetaSource) async throws -> Bool {
        guard let way = format as? CSVFileFormat, let found = own.format as? CSVFileFormat else {
            return false
        }
        let (before, now) = (way.dialect, found.dialect)
        let isQuotedAlike =
            now.isQuoteUnknown || !before.isQuoteUnknown && now.quote == before.quote
        let isHeaderAlike = (found.before?.header ?? 0) <= (way.before?.header ?? 0)
        guard isQuotedAlike, isHeaderAlike else { return try await !hasRecord }
        if way.format.header == nil, way.format.headerLines != 0 { return true }
        if way.dialect.delimiter == found.dialect.delimiter { return true }
        return try await !hasRecord
    }
}
