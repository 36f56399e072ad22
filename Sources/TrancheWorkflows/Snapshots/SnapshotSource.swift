import FoundationEssentials
import Tranche
import TrancheConnectors

/// Snapshots of a place as a source.
struct SnapshotSource: MetaSourceDescription {
    static let scheme = "snapshots"

    let files: any SnapshotFiles

    func open(beside store: any InventoryStore) async throws -> any MetaSource {
        let source = try SnapshotMetaSource(files)
        _ = try await source.names()
        return source
    }
}

extension SnapshotSource: Hashable {
    /// Whether both have the same place.
    static func == (first: SnapshotSource, second: SnapshotSource) -> Bool {
        first.files.place == second.files.place
    }

    func hash(into hasher: inout Hasher) { hasher.combine(files.place) }
}

/// The snapshots of a place, by their times.
struct SnapshotMetaSource: RecordMetaSource {
    /// How many bits of an id tell snapshots of one millisecond apart.
    private static let runBits: Int64 = 20

    let definition: SourceDefinition
    private let place: any SnapshotFiles
    private let columns: RecordFields

    init(_ place: any SnapshotFiles) throws {
        self.place = place
        columns = try RecordFields([
            "meta", "job", "run", "at", "id", "id_start", "id_end", "count", "weight", "status",
            "attempt", "worker", "started_at", "ended_at",
        ])
        definition = SourceDefinition(
            database: place.database,
            table: "\(SnapshotSource.scheme):\(place.place)",
            uid: "taken_at",
            item: "path",
            weight: "bytes"
        )
    }

    var fields: RecordFields? { columns }

    /// One may be copied to the folder later than it was taken.
    var promise: SourcePromise { .watched }

    // MARK: - Files

    /// The files, in order of their ids; none is looked at.
    ///
    /// - Throws: `TrancheError` `.invalidSource` for a place that cannot be read, or two snapshots
    ///   that have one id; `.sourceUnavailable`.
    func names() async throws -> [(id: Int64, file: KeptDocument)] {
        let found = try await place.names().sorted { $0.name < $1.name }
        let names = found.compactMap { file in
            Self.id(of: file.name).map { (id: $0, file: file) }
        }.sorted { $0.id < $1.id }
        for (first, second) in zip(names, names.dropFirst()) where first.id == second.id {
            throw TrancheError(
                .invalidSource,
                "'\(place.place)/\(first.file.name)' and '\(place.place)/\(second.file.name)' were "
                    + "taken at the same time, and cannot be distinguished: take one of them "
                    + "away from there"
            )
        }
        return names
    }

    /// The files of some ids, in order.
    private func files(
        where isMeant: (Int64) -> Bool
    ) async throws -> [(item: Item, file: KeptDocument)] {
        try await names().filter { isMeant($0.id) }.compactMap { id, file in
            try item(id, file).map { ($0, file) }
        }
    }

    /// A file as an item; `nil` for one that was taken away since.
    private func item(_ id: Int64, _ file: KeptDocument) throws -> Item? {
        try place.size(of: file).map { size in
            Item(id: id, item: .text("\(place.place)/\(file.name)"), weight: Double(size))
        }
    }

    /// The id of a file: its time, and what tells its run from others; `nil` for another file.
    static func id(of name: String) -> Int64? {
        guard name.hasSuffix(WorkflowSnapshot.fileEnding) else { return nil }
        let parts = name.dropLast(WorkflowSnapshot.fileEnding.count).split(separator: "-")
        guard parts.count == 2, parts[0].count == 16, let run = UInt64(parts[0], radix: 16),
            let time = Int64(parts[1]), (0..<1 << 42).contains(time)
        else { return nil }
        return time << runBits | Int64(run >> (64 - UInt64(runBits)))
    }

    // MARK: - Items

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        // A file is a batch by itself, however large a batch may be.
        var planner = RangePlanner(
            after: cursor,
            limit: BatchLimit(weight: limit.weight, count: 1),
            batches: batches
        )
        let lower = max(cursor.map { $0 + 1 } ?? .min, bounds.lower ?? .min)
        guard lower <= bounds.upper ?? .max else { return planner.finish(reachedEnd: true) }
        let range = lower...(bounds.upper ?? .max)
        for (id, file) in try await names() where range.contains(id) {
            guard let item = try item(id, file) else { continue }
            if try !planner.offer(item) { return planner.finish(reachedEnd: false) }
        }
        return planner.finish(reachedEnd: true)
    }

    func highestID() async throws -> Int64? { try await names().last?.id }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await files { range.contains($0) }.prefix(limit).map(\.item)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        let wanted = Set(ids)
        return try await files { wanted.contains($0) }.map(\.item)
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await unfilteredItems(in: ranges, limit: limit)
    }

    // MARK: - Records

    func records(
        of batch: BatchRecord,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        let range = batch.idStart...batch.idEnd
        var files = try await files { id in
            range.contains(id) && batch.itemIDs?.contains(id) ?? true
        }[...]
        return ChunkReader {
            guard let (item, file) = files.popFirst() else { return nil }
            do {
                return try records(of: item, from: try await place.text(of: file.name))
            } catch let error as TrancheError where error.category == .transient {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                let fault = FieldError(message: "is not a snapshot: \(error)")
                try onFault(RecordFault(id: item.id, errors: [fault], input: item.text))
                return []
            }
        }
    }

    private func records(of file: Item, from text: String) throws -> [Record] {
        let snapshot = try WorkflowSnapshot(json: text)
        let progress = snapshot.progress
        return try snapshot.batches.map { batch in
            let texts = [progress.meta, progress.job, progress.run, progress.at.utcText]
            let numbers = [batch.id, batch.idStart, batch.idEnd, Int64(batch.count)]
            let values: [Value] =
                texts.map { .text($0) } + numbers.map { .integer($0) }
                + [
                    .real(batch.weight), .text(batch.status), .integer(Int64(batch.attempt)),
                    batch.worker.map { .text($0) } ?? .null, .text(batch.startedAt.utcText),
                    batch.endedAt.map { .text($0.utcText) } ?? .null,
                ]
            return try Record(id: file.id, fields: columns, values: values)
        }
    }
}

extension WorkflowSnapshot {
    /// Reads a snapshot as it was kept.
    ///
    /// - Parameter json: The text.
    /// - Throws: `DecodingError`.
    public init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            try Date(utcText: try decoder.singleValueContainer().decode(String.self))
        }
        self = try decoder.decode(WorkflowSnapshot.self, from: Data(json.utf8))
    }
}
