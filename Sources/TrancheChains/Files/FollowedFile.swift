import Synchronization
import Tranche

/// A file on disk that grows, and in whose place others come to stand: its records as a meta
/// source.
///
/// A file that is renamed away, or copied away and truncated, is read to its end where it stands
/// now; then the new one follows. What can be neither told nor found ends the run with what was
/// seen.
final class FollowedFile: RecordMetaSource {
    let fields: RecordFields?
    private let location: ByteLocation
    private let format: any FileFormat
    /// The format as the first file that was opened has it; `nil` where each file says it.
    private let settled: (any FileFormat)?
    private let shared: SourceDefinition
    /// The number of the file where a new run begins: the one that stood there first while this
    /// was open, or one before it of which a run has handed nothing out.
    private let first: Int64
    /// The run of which that is, where one waits.
    private let waiting: RunKey?
    /// Which of them may have records that nobody has loaded, by what the inventory knows.
    private let findUnread: @Sendable () async throws -> UnreadGenerations
    private let state: Mutex<State>

    private struct State {
        var generations: FileGenerations
        var text: String
        /// Whether the last of them stands elsewhere, and the next one has no line yet.
        var isDisplaced: Bool
        /// What stood there at the last look.
        var seen: ByteState
        var open: [Int64: Open] = [:]
    }

    /// One of the files, open.
    private struct Open {
        /// As they are stored.
        var bytes: any ByteReader
        var source: FileMetaSource
    }

    /// Opens the file.
    ///
    /// - Parameters:
    ///   - location: Where it is.
    ///   - name: The name under which the inventory knows it.
    ///   - format: How it is written.
    ///   - reading: The same, as ``FileReading/text`` has it.
    ///   - known: The files that are known to have stood there; `nil` when none is.
    ///   - waiting: The run that has handed nothing out and goes on with the first one, of which
    ///     the number is given; `nil` where there is no such run.
    ///   - item: How the inventory has it that they are written; `nil` where it knows none.
    ///   - findUnread: Finds out which of them may have records that nobody has loaded; asked where
    ///     there are many.
    /// - Throws: `TrancheError` `.invalidSource`, `.sourceUnavailable`; `.redefined` when another
    ///   file stands there, and what is left of the one before is not found; what `findUnread`
    ///   throws.
    init(
        _ location: ByteLocation,
        as name: String,
        format: any FileFormat,
        reading: String,
        known: FileGenerations?,
        waiting: (run: RunKey, start: Int64)? = nil,
        item: String? = nil,
        findUnread: @escaping @Sendable () async throws -> UnreadGenerations
    ) async throws {
        self.location = location
        self.format = format
        self.findUnread = findUnread
        let place = FollowedPlace(location)
        var bytes: any ByteReader = LocalFile(location.spelling, isPinned: true)
        let now = try await bytes.state()
        var list = FileGenerations(try await FileGeneration(number: 0, bytes, now))
        var isDisplaced = false
        if let known { (list, isDisplaced) = try await place.settle(known, bytes, now) }
        if list.isLong { list.forget(but: try await findUnread()) }
        if isDisplaced, list.last.isLost {
            // Nothing of the one before is waited for.
            list.append(try await FileGeneration(number: list.last.number + 1, bytes, now))
            isDisplaced = false
        }
        if isDisplaced {
            guard let former = try await place.find(list.last) else { throw place.lost(list.last) }
            bytes = former
        }
        let found = try await Self.source(bytes, of: list, place, format, name, item)
        let source = found.source
        settled = found.settled
        fields = source.fields
        var shared = source.definition
        shared.reading = reading
        self.shared = shared
        let first = min(waiting?.start ?? list.last.number, list.last.number)
        list.start = first
        self.first = first
        self.waiting = first < list.last.number ? waiting?.run : nil
        state = Mutex(
            State(
                generations: list,
                text: try list.text,
                isDisplaced: isDisplaced,
                seen: now,
                open: [list.last.number: Open(bytes: bytes, source: source)]
            )
        )
    }

    /// Opens the file that stands there; one that was begun just now tells little of how it is
    /// written, and is read as one before it where that fits.
    ///
    /// - Returns: The file, and its format for those that follow.
    /// - Throws: What opening it throws.
    private static func source(
        _ bytes: any ByteReader,
        of list: FileGenerations,
        _ place: FollowedPlace,
        _ format: any FileFormat,
        _ name: String,
        _ item: String?
    ) async throws -> (source: FileMetaSource, settled: (any FileFormat)?) {
        func open(
            _ stored: any ByteReader,
            _ generation: FileGeneration,
            as format: any FileFormat
        ) async throws -> FileMetaSource {
            var source = try await FileMetaSource(
                place.decoded(stored),
                format: format,
                name: name,
                grows: true,
                base: generation.base
            )
            source.isFollowed = true
            return source
        }
        let own = try await open(bytes, list.last, as: format)
        if let item, own.definition.item != item {
            for former in list.files.dropLast().reversed() where !former.isLost {
                // One that cannot be read tells nothing, and is missed when it is to be read.
                let found = try await place.readable { () -> FileMetaSource? in
                    guard let stored = try await place.find(former) else { return nil }
                    return try await open(stored, former, as: format)
                }
                guard let known = found ?? nil, known.definition.item == item,
                    let csv = known.format as? CSVFileFormat
                else { continue }
                var alike = try await open(bytes, list.last, as: csv.settled)
                guard alike.fields == known.fields, try await alike.fits(own) else { break }
                alike.definition.item = item
                return (alike, csv.settled)
            }
        }
        return (own, (own.format as? CSVFileFormat)?.settled)
    }

    var definition: SourceDefinition {
        var definition = shared
        definition.identity = state.withLock { $0.text }
        return definition
    }

    var isSeamless: Bool { true }

    /// The file that stands there now, or stood there last.
    private var newest: FileMetaSource? {
        state.withLock { $0.open[$0.generations.last.number]?.source }
    }

    // MARK: - Looking

    /// Looks which file stands there now.
    private func look() async throws -> FileGenerations {
        let (known, seen) = state.withLock { ($0.generations, $0.seen) }
        let bytes = LocalFile(location.spelling, isPinned: true)
        let now: ByteState
        do {
            now = try await bytes.state()
        } catch let error as TrancheError where error.code == .invalidSource {
            // Renamed away, and the next one not made yet: what is open is read on.
            return known
        }
        if now == seen { return known }
        let place = FollowedPlace(location)
        let (settled, isDisplaced) = try await place.settle(known, bytes, now)
        let isNext = settled.last.number != known.last.number
        let list = isNext && settled.isLong ? try await trimmed(settled) : settled
        var open: Open?
        if isNext || list.last.file != known.last.file {
            open = try await self.open(bytes, as: list.last)
        }
        let (text, news) = (try list.text, open)
        return state.withLock { state in
            // Of several tasks that look the first one's news count.
            guard state.generations == known else { return state.generations }
            state.generations = list
            state.text = text
            state.isDisplaced = isDisplaced
            state.seen = now
            if let news { state.open[list.last.number] = news }
            // Those that are forgotten are closed: some were removed, and take room until then.
            let numbers = Set(list.files.map(\.number))
            state.open = state.open.filter { numbers.contains($0.key) }
            return list
        }
    }

    /// A list without the files that are forgotten.
    private func trimmed(_ list: FileGenerations) async throws -> FileGenerations {
        var (list, unread) = (list, try await findUnread())
        if let start = list.start { unread.include(from: start) }
        list.forget(but: unread)
        return list
    }

    /// Notes that a run goes on where the inventory says.
    private func noteBeginning() throws {
        try state.withLock { state in
            guard state.generations.start != nil else { return }
            state.generations.start = nil
            state.text = try state.generations.text
        }
    }

    private func open(
        _ bytes: any ByteReader,
        as generation: FileGeneration
    ) async throws -> Open {
        let decoded = try await FollowedPlace(location).decoded(bytes)
        func source(_ format: any FileFormat) async throws -> FileMetaSource {
            var source = try await FileMetaSource(
                decoded,
                format: format,
                name: location.name,
                grows: true,
                base: generation.base
            )
            source.isFollowed = true
            return source
        }
        let found = try await source(format)
        if found.fields == fields, found.definition.item == shared.item {
            return Open(bytes: bytes, source: found)
        }
        // A file that was begun just now tells little of how it is written.
        guard let settled, case let alike = try await source(settled), alike.fields == fields,
            try await alike.fits(found)
        else {
            throw TrancheError(
                .redefined,
                "'\(bytes.name)' has another header or format than the file that stood at "
                    + "'\(location.name)' before; load it under another job name"
            )
        }
        return Open(bytes: bytes, source: alike)
    }

    /// The records of one of the files.
    ///
    /// What another one has followed ends with its last record, whether that has a line feed or
    /// not.
    private func source(of generation: FileGeneration) async throws -> FileMetaSource {
        guard let source = try await find(generation) else {
            throw FollowedPlace(location).lost(generation)
        }
        return source
    }

    /// Likewise; `nil` where the file is not found.
    private func find(_ generation: FileGeneration) async throws -> FileMetaSource? {
        let (known, isCurrent, isLast) = state.withLock { state in
            let isLast = state.generations.last.number == generation.number
            return (state.open[generation.number], isLast && !state.isDisplaced, isLast)
        }
        if let known {
            if isCurrent { return known.source }
            let now = try await known.bytes.state()
            if try await generation.isBeginning(of: known.bytes, now) {
                return isLast ? known.source : known.source.ended()
            }
        }
        guard let bytes = try await FollowedPlace(location).find(generation) else { return nil }
        let found = try await open(bytes, as: generation)
        state.withLock { $0.open[generation.number] = found }
        return isLast ? found.source : found.source.ended()
    }

    private func generation(
        _ number: Int64,
        in list: FileGenerations
    ) throws -> FileGeneration {
        guard let generation = list.files.first(where: { $0.number == number }) else {
            throw TrancheError(
                .redefined,
                "the file that stood at '\(location.name)' when its ids began at "
                    + "\(number * FileGeneration.reach) is not known any more"
            )
        }
        return generation
    }

    /// A file that a run goes on with.
    ///
    /// - Returns: Its records; `nil` where what was not read of it is given up.
    /// - Throws: `TrancheError` `.redefined` where it is not known or not found; what opening it
    ///   throws.
    private func next(_ number: Int64, in list: FileGenerations) async throws -> FileMetaSource? {
        guard location.isReplacement, number < list.last.number else {
            let generation = try generation(number, in: list)
            return generation.isLost ? nil : try await source(of: generation)
        }
        let known = list.files.first { $0.number == number && !$0.isLost }
        guard let known else { return nil }
        return try await find(known)
    }

    /// Likewise; where nothing was handed out yet, the fault names the run that began there.
    private func next(
        _ number: Int64,
        in list: FileGenerations,
        after cursor: Int64?
    ) async throws -> FileMetaSource? {
        do {
            return try await next(number, in: list)
        } catch let error as TrancheError where error.code == .redefined && cursor == nil {
            guard let waiting else { throw error }
            throw TrancheError(
                .redefined,
                "\(error.message). It is asked for since \(waiting) began there, and has handed "
                    + "nothing out yet",
                underlying: error
            )
        }
    }

    // MARK: - Planning

    func highestID() async throws -> Int64? {
        let list = try await look()
        for generation in list.files.reversed() {
            guard let source = try await next(generation.number, in: list) else {
                // How far it went nobody knows: no id of it counts as taken back.
                return generation.base + (FileGeneration.reach - 1)
            }
            if let highest = try await source.highestID() { return highest }
        }
        return nil
    }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        let list = try await look()
        let start = cursor.map { FileGeneration.number(of: $0) } ?? first
        if cursor != nil { try noteBeginning() }
        let last = list.last.number
        // One beyond the last is not known, and says so.
        for number in start...max(start, last) {
            guard let source = try await next(number, in: list, after: cursor) else { continue }
            let plan = try await source.nextRange(
                after: cursor,
                within: bounds,
                limit: limit,
                batches: batches
            )
            if number == last { return plan }
            if !plan.ranges.isEmpty || !plan.reachedEnd {
                return RangePlan(
                    cursor: cursor,
                    ranges: plan.ranges,
                    scannedTo: nil,
                    reachedEnd: false
                )
            }
        }
        return RangePlan(cursor: cursor, ranges: [], scannedTo: nil, reachedEnd: true)
    }

    // MARK: - Reading

    private func source(holding id: Int64) async throws -> FileMetaSource {
        let list = try await look()
        return try await source(of: generation(FileGeneration.number(of: id), in: list))
    }

    func records(
        of batch: BatchRecord,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        try await source(holding: batch.idStart).records(of: batch, onFault: onFault)
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        let list = try await look()
        var items: [Item] = []
        for generation in list.files where items.count < limit {
            let end = generation.base + (FileGeneration.reach - 1)
            guard range.overlaps(generation.base...end) else { continue }
            let part = max(range.lowerBound, generation.base)...min(range.upperBound, end)
            items += try await source(of: generation).items(in: part, limit: limit - items.count)
        }
        return items
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        var items: [Item] = []
        for id in ids { items += try await source(holding: id).items(withIDs: [id]) }
        return items
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await unfilteredItems(in: ranges, limit: limit)
    }
}

extension FollowedFile: FileForecasting {
    var notes: [String] { newest?.notes ?? [] }
    var delimiterDoubt: DelimiterDoubt? { newest?.delimiterDoubt }

    func forecast(_ count: Int) async throws -> FileForecast {
        try await newest?.forecast(count) ?? FileForecast(layout: [], records: [], faults: [])
    }
}

extension FollowedFile: LineCounting {
    /// Those asked for at once are of one batch, and so of one file.
    func lines(of ids: [Int64]) async throws -> [Int64: RecordLine] {
        guard let first = ids.first else { return [:] }
        return try await source(holding: first).lines(of: ids)
    }
}
