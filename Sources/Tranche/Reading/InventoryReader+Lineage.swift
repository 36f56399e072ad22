extension InventoryReader {
    /// Follows one item through all jobs, down to those that took what was made of it, and up to
    /// what it was made of.
    ///
    /// - Parameters:
    ///   - id: The item's id; of the inventory of a job, the completion.
    ///   - metaTable: The source's name as it was given.
    /// - Returns: The batches, those of the highest level above first; what stands below a batch
    ///   follows it.
    /// - Throws: As reading batches does.
    public func lineage(
        of id: Int64,
        in metaTable: String
    ) async throws -> Inventory.Lineage {
        try await lineage(of: id, in: metaTable, by: nil)
    }

    /// Follows one item as ``lineage(of:in:)`` does, from the runs alone that know it by the id.
    ///
    /// - Parameters:
    ///   - id: The item's id; of the inventory of a job, the completion.
    ///   - metaTable: The source's name as it was given.
    ///   - space: Whose id it is; `nil` for all runs.
    /// - Returns: As ``lineage(of:in:)``.
    /// - Throws: As reading batches does.
    package func lineage(
        of id: Int64,
        in metaTable: String,
        by space: ItemSpace?
    ) async throws -> Inventory.Lineage {
        var walk = LineageWalk(reader: self, space: space)
        try await walk.ascend(from: metaTable, ids: IDRuns(id...id))
        try await walk.descend(from: metaTable, id: id, level: 0, madeBy: nil)
        return walk.lineage
    }
}

extension Inventory {
    /// The batches that have to do with an item.
    public struct Lineage: Sendable, Hashable {
        /// The batches: upstream ones first, and what stands below a batch behind it.
        public var entries: [Entry] = []
        /// Whether a level above has more batches than are kept of it.
        public var isCut = false
        /// The most batches kept of a level above.
        public static let mostAbove = 1000
        /// The most changes of a run that are looked through for those of its batches.
        public static let mostActs = 1000

        /// Makes an empty lineage.
        public init() {}

        /// A batch that has to do with an item.
        public struct Entry: Sendable, Hashable {
            /// How far from the source that was asked for: 0 there, above 0 downstream, below 0
            /// upstream.
            public var level: Int
            /// The id that the batch holds, in its own source; `nil` upstream, where all of them
            /// count.
            public var id: Int64?
            /// The batch.
            public var batch: BatchRecord
            /// Its attempts, oldest first; empty for an archived batch.
            public var attempts: [AttemptRecord]
            /// What people did with the batch, or with its whole run while it was open, the oldest
            /// first; of the latest ``mostActs`` of the run.
            public var changes: [ChangeRecord]

            /// Makes an entry.
            public init(
                level: Int,
                id: Int64?,
                batch: BatchRecord,
                attempts: [AttemptRecord],
                changes: [ChangeRecord] = []
            ) {
                self.level = level
                self.id = id
                self.batch = batch
                self.attempts = attempts
                self.changes = changes
            }
        }
    }
}

/// Goes from batch to batch, each way once.
private struct LineageWalk {
    /// Sources that lead back to their own job are refused when they are acquired from; jobs that
    /// were begun in another order could still make a loop.
    private static let mostLevels = 100

    let reader: any InventoryReader
    /// Whose id the item has; `nil` for all runs.
    let space: ItemSpace?
    private(set) var lineage = Inventory.Lineage()
    private var visited: Set<Place> = []
    private var definitions: [RunKey: SourceDefinition?] = [:]
    /// What people did with batches of runs, the oldest first.
    private var acts: [RunKey: [ChangeRecord]] = [:]

    private struct Place: Hashable {
        var job: JobKey?
        var metaTable: String
        var id: Int64
    }

    init(reader: any InventoryReader, space: ItemSpace?) {
        self.reader = reader
        self.space = space
    }

    private mutating func entry(
        _ level: Int,
        _ id: Int64?,
        _ batch: BatchRecord,
        _ attempts: [AttemptRecord]
    ) async throws -> Inventory.Lineage.Entry {
        let start = attempts.first?.startedAt ?? batch.startedAt
        return Inventory.Lineage.Entry(
            level: level,
            id: id,
            batch: batch,
            attempts: attempts,
            changes: try await acts(of: batch.key).filter { $0.concerns(batch, from: start) }
        )
    }

    private mutating func acts(of key: RunKey) async throws -> [ChangeRecord] {
        if let known = acts[key] { return known }
        let limit = Inventory.Lineage.mostActs
        let read = try await reader.changes(.acts(key), before: nil, limit: limit)
        acts[key] = read.reversed()
        return read.reversed()
    }

    // MARK: Down

    /// Adds the batches that hold an item, each followed by what was made of it.
    ///
    /// - Parameters:
    ///   - metaTable: The item's source.
    ///   - id: The item.
    ///   - level: The level of its batches.
    ///   - job: The job whose completion the item is; `nil` when any job of the name is meant.
    /// - Throws: As reading batches does.
    mutating func descend(
        from metaTable: String,
        id: Int64,
        level: Int,
        madeBy job: JobKey?
    ) async throws {
        let place = Place(job: job, metaTable: metaTable, id: id)
        guard level < Self.mostLevels, visited.insert(place).inserted else { return }
        for (batch, attempts) in try await reader.history(of: id, in: metaTable) {
            if level == 0, let space, !space.contains(batch.key) { continue }
            if let job, let upstream = try await upstream(of: batch.key), upstream != job {
                continue
            }
            lineage.entries.append(try await entry(level, id, batch, attempts))
            guard let completion = batch.completion, completion > 0 else { continue }
            try await descend(
                from: InventorySource.prefix + batch.key.job,
                id: completion,
                level: level + 1,
                madeBy: JobKey(metaTable: batch.key.metaTable, job: batch.key.job)
            )
        }
    }

    // MARK: Up

    /// Adds the batches that ids of the inventory of a job stand for, level by level.
    mutating func ascend(from metaTable: String, ids: IDRuns) async throws {
        guard metaTable.hasPrefix(InventorySource.prefix) else { return }
        let job = String(metaTable.dropFirst(InventorySource.prefix.count))
        let runs = try await reader.runs(RunSelection(job: job))
        let tables = Set(runs.map(\.key.metaTable))
        var asked = tables.map { (job: JobKey(metaTable: $0, job: job), ids: ids) }
        var seen: Set<Int64> = []
        for level in 1..<Self.mostLevels where !asked.isEmpty {
            let batches = try await batches(asked).filter { seen.insert($0.id).inserted }
            var entries: [Inventory.Lineage.Entry] = []
            for batch in batches {
                let attempts = try await reader.attempts(of: batch.id)
                entries.append(try await entry(-level, nil, batch, attempts))
            }
            lineage.entries = entries + lineage.entries
            asked = try await sources(of: batches)
        }
    }

    /// The batches that completions stand for, as many as are kept of a level.
    private mutating func batches(_ asked: [(job: JobKey, ids: IDRuns)]) async throws
        -> [BatchRecord]
    {
        var batches: [BatchRecord] = []
        let limit = Inventory.Lineage.mostAbove
        for (job, ids) in asked.sorted(by: { $0.job.metaTable < $1.job.metaTable }) {
            for range in ids.runs {
                batches += try await reader.completions(
                    of: job,
                    in: range,
                    limit: limit + 1 - batches.count
                )
                guard batches.count <= limit else {
                    lineage.isCut = true
                    return Array(batches.prefix(limit))
                }
            }
        }
        return batches
    }

    /// The completions that batches of downstream jobs were made of, by upstream job.
    private mutating func sources(of batches: [BatchRecord]) async throws
        -> [(job: JobKey, ids: IDRuns)]
    {
        var ids: [JobKey: IDRuns] = [:]
        for batch in batches {
            guard let upstream = try await upstream(of: batch.key) else { continue }
            let own = batch.ids ?? IDRuns(batch.range)
            ids[upstream] = ids[upstream]?.union(own) ?? own
        }
        return ids.map { ($0.key, $0.value) }
    }

    /// The job whose batches a run takes; `nil` when its source is none.
    private mutating func upstream(of key: RunKey) async throws -> JobKey? {
        if definitions[key] == nil {
            let runs = try await reader.runs(RunSelection(key))
            let text = runs.first?.definition
            definitions[key] = .some(
                try text.map { try JSONText.decode(SourceDefinition.self, from: $0) }
            )
        }
        return definitions[key]?.flatMap { InventorySource.upstream(in: $0) }
    }
}
