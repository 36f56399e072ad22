import Synchronization
import Tranche

/// The records of a file as a meta source: ids are offsets, weights are bytes.
///
/// A record's id is the offset of its first byte, its weight the way to the next record. So any
/// batch is read again from its first id and its weight alone, and the batches of one file can be
/// worked on by any number of processes.
struct FileMetaSource: RecordMetaSource {
    /// How many bytes are read at once to plan.
    static let step: Int64 = 1 << 18
    /// How many bytes become records at once: the records of a chunk should stay in the processor's
    /// cache.
    static let chunk: Int64 = 1 << 16
    /// A record longer than this is refused rather than kept in memory.
    static let longestRecord: Int64 = 1 << 30

    /// How the inventory knows the source; what opens it may find that it is known otherwise.
    var definition: SourceDefinition
    let fields: RecordFields?
    let bytes: any ByteReader
    let format: any FileFormat
    let dataStart: Int64
    /// What is added to offsets to make ids.
    let base: Int64
    /// On which lines records begin.
    let lineIndex: LineIndex
    /// What the content was when it was opened.
    private(set) var opened: ByteState
    /// Whether it was seen to be another since; all copies of this source know.
    let change = SeenChange()
    /// Whether the file may grow; the last record then waits for its end.
    private(set) var grows: Bool
    /// Whether it grew, and another file has come to stand in its place.
    private var isFormer = false
    /// Whether somebody looks at it who knows which file stands there, as a ``FollowedFile`` does.
    var isFollowed = false
    /// What to do once a fault is mended, in words; `nil` for what goes on in batches.
    var wayOn: String?

    /// Opens a source.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - format: How it is written.
    ///   - name: The source's name.
    ///   - grows: Whether the file may grow.
    ///   - base: What is added to offsets to make ids.
    /// - Throws: `TrancheError` `.invalidSource`, `.sourceUnavailable`.
    init(
        _ bytes: any ByteReader,
        format: any FileFormat,
        name: String,
        grows: Bool,
        base: Int64 = 0
    ) async throws {
        self.bytes = base == 0 ? bytes : ShiftedReader(bytes, by: base)
        self.base = base
        self.grows = grows
        opened = try await self.bytes.state()
        let size = opened.size < .max ? opened.size - base : .max
        let format = try await format.recognized(in: bytes, size: size, grows: grows)
        self.format = format
        let head = try await format.head(of: bytes, size: size)
        fields = head.fields
        dataStart = base + head.dataStart
        lineIndex = LineIndex(from: base, mark: format.lineEnd, isLocal: bytes is LocalFile)
        definition = SourceDefinition(
            database: grows
                ? KnownFile.growing(name)
                : KnownFile.database(name, opened),
            table: format.prefix + name,
            uid: "offset",
            item: ([format.description] + (bytes.encoding.map { ["encoding \($0)"] } ?? []))
                .joined(separator: ", "),
            weight: "bytes"
        )
    }

    var isSeamless: Bool { true }

    /// Whether it is a CSV file without even a header: it has no records, and tells no fields.
    var isBlank: Bool { fields == nil && format is CSVFileFormat }

    /// The same content once nobody adds to it any more: its last record ends with it.
    func ended() -> FileMetaSource {
        var ended = self
        ended.grows = false
        ended.isFormer = true
        return ended
    }

    /// How far the content goes now; `Int64.max` while that is unknown.
    ///
    /// - Throws: `TrancheError` `.redefined` when it is another than it was when the source was
    ///   opened.
    func currentSize() async throws -> Int64 { try size(in: try await bytes.state()) }

    /// How far the content goes in a state; as ``currentSize()``.
    func size(in state: ByteState) throws -> Int64 {
        // Whoever wrote it may do so still, up to the end that is seen now.
        if grows || isFormer { return state.size }
        guard state.isSameContent(as: opened) else {
            change.note()
            throw TrancheError(
                .redefined,
                "'\(bytes.name)' has changed since it was opened: it has \(state.storedSize) bytes, "
                    + "\(state.version), instead of \(opened.storedSize), \(opened.version). Offsets may mean "
                    + "other records now: load it under another job name, or follow a file that only grows"
            )
        }
        return state.size
    }

    func highestID() async throws -> Int64? {
        let size = try await currentSize()
        return size > dataStart ? size - 1 : nil
    }

    /// Whether a whole record is there.
    var hasRecord: Bool {
        get async throws {
            var cut = FileCut(source: self, size: try await currentSize())
            return try await cut.hasRecord(from: dataStart, through: .max)
        }
    }

    /// What was made of the content to read it, for people.
    var formatNotes: [String] { bytes.formatNotes }

    // MARK: - Planning

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        let size = try await currentSize()
        var cut = FileCut(source: self, size: size)
        var start: Int64
        if let cursor {
            if grows, !isFollowed, cursor >= max(size, dataStart) { throw cutOff(at: cursor, size) }
            start = try await cut.end(ofRecordAt: cursor)
        } else if let lower = bounds.lower, lower > dataStart {
            start = try await cut.firstRecord(from: lower)
        } else {
            start = dataStart
        }
        let upper = bounds.upper ?? .max
        var ranges: [PlannedRange] = []
        var last = cursor
        var isBroken = false
        while ranges.count < batches, start < cut.size, start <= upper, !isBroken {
            let found: any RecordScanning
            do {
                found = try await cut.records(from: start, through: upper, limit: limit)
            } catch let error as TrancheError where error.code == .invalidItem && !ranges.isEmpty {
                isBroken = true
                break
            }
            guard found.count > 0 else {
                start = cut.size
                break
            }
            let range = PlannedRange(
                seamless: found.firstStart...found.lastStart,
                after: last,
                count: found.count,
                weight: Double(found.end - found.firstStart)
            )
            ranges.append(range)
            last = found.lastStart
            start = found.end
            isBroken = found.fault != nil
        }
        let isOver: Bool
        if isBroken {
            // Told to whoever asks for what follows; what was planned can be handed out.
            isOver = false
        } else if start < cut.size, start <= upper {
            do {
                isOver = try await !cut.hasRecord(from: start, through: upper)
            } catch let error as TrancheError where error.code == .invalidItem && !ranges.isEmpty {
                // Likewise.
                isOver = false
            }
        } else {
            isOver = true
        }
        return RangePlan(
            cursor: cursor,
            ranges: ranges,
            scannedTo: nil,
            reachedEnd: isOver
        )
    }

    /// Reads all of a range; where the size is unknown, until the content ends.
    ///
    /// - Parameters:
    ///   - range: Which; not empty.
    ///   - end: How far the reading goes on.
    ///   - size: How far the content goes, as far as that is known; set when its end is seen.
    /// - Returns: The bytes: fewer where the content ends, or is spoilt behind them.
    /// - Throws: As the reader; `TrancheError` `.sourceUnavailable` when there are fewer than there
    ///   were.
    func read(
        _ range: Range<Int64>,
        goingOnTo end: Int64,
        size: inout Int64
    ) async throws -> [UInt8] {
        var read = try await readSome(range, goingOnTo: end)
        // What is decoded may be spoilt behind what was read: only nothing at all is the end.
        while size == .max, Int64(read.count) < range.upperBound - range.lowerBound {
            let place = range.lowerBound + Int64(read.count)
            let more: [UInt8]
            do {
                more = try await readSome(place..<range.upperBound, goingOnTo: end)
            } catch let error as TrancheError where error.code == .invalidItem && !read.isEmpty {
                // Told to whoever reads on from there; what comes before it can be handed out.
                return read
            }
            if more.isEmpty { size = place } else { read += more }
        }
        guard Int64(read.count) == min(range.upperBound, size) - range.lowerBound else {
            throw shortRead(at: range.lowerBound + Int64(read.count))
        }
        return read
    }

    /// Throws what keeps a range from being read behind a place, where something does.
    func requireSound(_ place: Int64, of range: Range<Int64>) async throws {
        guard place < range.upperBound else { return }
        _ = try await readSome(place..<range.upperBound, goingOnTo: range.upperBound)
    }

    private func readSome(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
        let read: [UInt8]
        do {
            read = try await bytes.read(range, goingOnTo: end)
        } catch let error as TrancheError where error.code == .redefined && grows {
            // What was there before is there still: that is what growing means.
            _ = try await bytes.state()
            read = try await bytes.read(range, goingOnTo: end)
        }
        return read
    }

    private func shortRead(at offset: Int64) -> TrancheError {
        TrancheError(
            .sourceUnavailable,
            "'\(bytes.name)' ended at offset \(offset) while it was read; it may be written to just now"
        )
    }

    /// Fails when there is something that keeps the first record from being one.
    func requireSound(_ scanner: any RecordScanning) async throws {
        guard scanner.count == 0, let fault = scanner.fault else { return }
        throw await broken(fault, at: scanner.lineStart)
    }

    func broken(_ fault: String, at offset: Int64) async -> TrancheError {
        let line = await knownLines(of: [offset])[offset].map { " (\($0.words))" } ?? ""
        let next =
            wayOn
            ?? "go on with 'tranche redefine --job JOB --meta \(definition.table) --same', or load "
            + "the file under another job name"
        return TrancheError(.invalidItem, "'\(bytes.name)'\(line) \(fault), and \(next)")
    }

    /// Says that content that was to grow has become shorter.
    func cutOff(at offset: Int64, _ size: Int64) -> TrancheError {
        if isFollowed {
            return TrancheError(
                .sourceUnavailable,
                "'\(bytes.name)' was truncated just now; what stood there is looked for"
            )
        }
        return TrancheError(
            .redefined,
            "'\(bytes.name)' was truncated or replaced: it has \(size - base) bytes, and records "
                + "up to offset \(offset - base) were handed out. Offsets mean other records now: "
                + "load it under another job name"
        )
    }

    func tooLong(_ scanner: any RecordScanning) async -> TrancheError {
        let offset = scanner.lineStart
        let line = await knownLines(of: [offset])[offset].map { " (\($0.words))" } ?? ""
        return TrancheError(
            .invalidItem,
            "'\(bytes.name)' has a record of more than \(Self.longestRecord >> 20) MiB at offset "
                + "\(offset)\(line)\(scanner.suspicion)"
        )
    }

    // MARK: - Items

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        var items: [Item] = []
        try await eachRecord(from: range.lowerBound) { item in
            guard item.id <= range.upperBound else { return false }
            items.append(item)
            return items.count < limit
        }
        try await requireSameFile()
        return items
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        var items: [Item] = []
        for id in ids {
            try await eachRecord(from: id) { item in
                if item.id == id { items.append(item) }
                return false
            }
        }
        try await requireSameFile()
        return items
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await unfilteredItems(in: ranges, limit: limit)
    }

    /// Reads one record after the other, as text.
    private func eachRecord(
        from start: Int64,
        _ body: (Item) throws -> Bool
    ) async throws {
        var size = try await currentSize()
        var place = max(start, dataStart)
        var step = Self.step
        while place < size {
            let wanted = place..<min(size, place.addingClamped(step))
            let read = try await read(wanted, goingOnTo: wanted.upperBound, size: &size)
            let end = place + Int64(read.count)
            var used = 0
            while used < read.count {
                var scanner = format.scanner(at: place + Int64(used))
                read[used...].withUnsafeBufferPointer {
                    _ = scanner.scan($0, limit: .max, most: 1)
                    if end == size, !grows { scanner.finish(limit: .max, most: 1) }
                }
                // Empty lines behind a record belong to it, and may go on behind what was read.
                guard scanner.count == 1 else { break }
                let next = scanner.endOfGap(read, from: Int(scanner.end - place))
                guard next < read.count || end == size else { break }
                let first = Int(scanner.firstStart - place)
                let text = String(
                    decoding: read[first..<Int(scanner.textEnd - place)],
                    as: UTF8.self
                )
                let item = Item(
                    id: scanner.firstStart,
                    item: .text(text.trimmingSuffix { $0.isNewline }),
                    weight: Double(place + Int64(next) - scanner.firstStart)
                )
                guard try body(item) else { return }
                used = next
            }
            if used == 0 {
                if end == size { return }
                try await requireSound(end, of: wanted)
                step *= 4
            } else {
                step = Self.step
            }
            place += Int64(used)
        }
    }
}

/// Remembers whether a content was seen to be another than it was.
final class SeenChange: Sendable {
    private let state = Mutex(false)

    var isSeen: Bool { state.withLock { $0 } }

    func note() { state.withLock { $0 = true } }
}

extension FileMetaSource: LineCounting {
    func lines(of ids: [Int64]) async throws -> [Int64: RecordLine] {
        try await lineIndex.lines(at: ids) { range in
            try await bytes.read(range, goingOnTo: range.upperBound)
        }
    }
}
