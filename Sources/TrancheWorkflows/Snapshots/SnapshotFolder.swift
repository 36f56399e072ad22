import FoundationEssentials
import Tranche

/// A folder of snapshots as a source.
struct SnapshotFolder: MetaSourceDescription {
    static let scheme = "snapshots"

    let path: String

    func open(beside store: any InventoryStore) async throws -> any MetaSource {
        let source = try SnapshotMetaSource(path: path)
        _ = try source.names()
        return source
    }
}

/// The snapshots of a folder, by their times.
struct SnapshotMetaSource: RecordMetaSource {
    /// How many bits of an id tell snapshots of one millisecond apart.
    private static let runBits: Int64 = 20

    let definition: SourceDefinition
    private let path: String
    private let columns: RecordFields

    init(path: String) throws {
        self.path = path
        columns = try RecordFields([
            "meta", "job", "run", "at", "id", "id_start", "id_end", "count", "weight", "status",
            "attempt", "worker", "started_at", "ended_at",
        ])
        definition = SourceDefinition(
            database: "folder \(path)",
            table: "\(SnapshotFolder.scheme):\(path)",
            uid: "taken_at",
            item: "path",
            weight: "bytes"
        )
    }

    var fields: RecordFields? { columns }

    /// One may be copied to the folder later than it was taken.
    var promise: SourcePromise { .watched }

    // MARK: - Files

    /// The names of the files, in order of their ids; no file is looked at.
    ///
    /// - Throws: `TrancheError` `.invalidSource` for a folder that cannot be read, or two snapshots
    ///   that have one id.
    func names() throws -> [(id: Int64, name: String)] {
        let found: [String]
        do {
            found = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw TrancheError(
                .invalidSource,
                "the folder of snapshots '\(path)' cannot be read: \(FileFault(error))",
                underlying: error
            )
        }
        let names = found.sorted().compactMap { name in
            Self.id(of: name).map { (id: $0, name: name) }
        }.sorted { $0.id < $1.id }
        for (first, second) in zip(names, names.dropFirst()) where first.id == second.id {
            throw TrancheError(
                .invalidSource,
                "'\(path)/\(first.name)' and '\(path)/\(second.name)' were taken at the same time, "
                    + "and cannot be distinguished: take one of them out of the folder"
            )
        }
        return names
    }

    /// The files of some ids, in order.
    private func files(where isMeant: (Int64) -> Bool) throws -> [Item] {
        try names().filter { isMeant($0.id) }.compactMap { try file($0.id, $0.name) }
    }

    /// A file; `nil` for one that was taken away since.
    private func file(_ id: Int64, _ name: String) throws -> Item? {
        let file = "\(path)/\(name)"
        do {
            let size = try FileContents.size(of: file)
            return size.map { Item(id: id, item: .text(file), weight: Double($0)) }
        } catch {
            throw TrancheError(
                .invalidSource,
                "the snapshot '\(file)' cannot be looked at: \(error)",
                underlying: error
            )
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
        for (id, name) in try names() where range.contains(id) {
            guard let file = try file(id, name) else { continue }
            if try !planner.offer(file) { return planner.finish(reachedEnd: false) }
        }
        return planner.finish(reachedEnd: true)
    }

    func highestID() async throws -> Int64? { try names().last?.id }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        Array(try files { range.contains($0) }.prefix(limit))
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        let wanted = Set(ids)
        return try files { wanted.contains($0) }
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
        var files = try files { id in
            range.contains(id) && batch.itemIDs?.contains(id) ?? true
        }[...]
        return ChunkReader {
            guard let file = files.popFirst() else { return nil }
            do {
                return try records(of: file)
            } catch {
                let fault = FieldError(message: "is not a snapshot: \(error)")
                try onFault(RecordFault(id: file.id, errors: [fault], input: file.text))
                return []
            }
        }
    }

    private func records(of file: Item) throws -> [Record] {
        let text = try String(contentsOfFile: file.text, encoding: .utf8)
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
