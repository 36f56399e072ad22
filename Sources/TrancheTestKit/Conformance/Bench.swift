import Foundation
import Tranche

/// What most cases need: a subject's inventory, and one source.
struct Bench: Sendable {
    let subject: ConformanceSubject
    let inventory: Inventory
    let source: any ConformanceSource
    let description: any MetaSourceDescription

    init(
        _ subject: ConformanceSubject,
        _ rows: [SourceRow],
        filter: SourceFilter? = nil,
        hasKeys: Bool = false
    ) async throws {
        self.subject = subject
        inventory = subject.makeInventory()
        source = try await subject.makeSource(rows)
        description = source.describe(hasWeights: true, filter: filter, hasKeys: hasKeys)
    }

    init(
        _ subject: ConformanceSubject,
        ids: some Sequence<Int64>,
        filter: SourceFilter? = nil
    ) async throws {
        try await self.init(subject, ids.map { SourceRow($0) }, filter: filter)
    }

    var clock: ManualClock { subject.clock }
    var store: any InventoryStore { subject.store }

    // MARK: Acquiring

    /// Acquires a batch; its absence is a failure.
    func take(
        _ request: BatchRequest,
        from description: (any MetaSourceDescription)? = nil,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Batch {
        let source = description ?? self.description
        switch try await inventory.acquire(request, from: source) {
        case .batch(let batch):
            return batch
        case .noBatch(let reason):
            throw ConformanceFailure("no batch, because \(reason)", file: file, line: line)
        }
    }

    /// Acquires a batch of at most `count` items of the job `job`; its absence is a failure.
    func take(
        _ count: Int? = nil,
        weight: Double? = nil,
        run: String = "",
        ids: IDBounds = IDBounds(),
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Batch {
        let limit = BatchLimit(weight: weight, count: count)
        let request = BatchRequest(job: "job", run: run, ids: ids, limit: limit)
        return try await take(request, file: file, line: line)
    }

    /// Acquires nothing; a batch is a failure.
    ///
    /// - Returns: The reason.
    func takeNone(
        _ request: BatchRequest = BatchRequest(job: "job"),
        from description: (any MetaSourceDescription)? = nil,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> NoBatchReason {
        let source = description ?? self.description
        switch try await inventory.acquire(request, from: source) {
        case .batch(let batch):
            throw ConformanceFailure(
                "batch \(batch.id) of the ids \(batch.ids) where there should be none",
                file: file,
                line: line
            )
        case .noBatch(let reason):
            return reason
        }
    }

    /// Acquires batches of at most `count` items and ends them well, until there is none.
    ///
    /// - Returns: Their ids.
    func drain(
        _ request: BatchRequest,
        from description: (any MetaSourceDescription)? = nil
    ) async throws -> [[Int64]] {
        let source = description ?? self.description
        var taken: [[Int64]] = []
        while case .batch(let batch) = try await inventory.acquire(request, from: source) {
            taken.append(try await batch.items.map(\.id))
            try await batch.succeed()
        }
        return taken
    }

    // MARK: Reading

    /// The key of the job `job`.
    func key(run: String = "") async throws -> RunKey {
        let definition = try await inventory.source(description).definition
        return RunKey(metaTable: definition.table, job: "job", run: run)
    }

    /// A run of the job `job`.
    func run(_ name: String = "") async throws -> RunRecord {
        let key = try await key(run: name)
        return try requireSome(try await store.runs(RunSelection(key)).first, "\(key)")
    }

    /// A batch as it is recorded now.
    func record(_ batch: Batch) async throws -> BatchRecord {
        try await inventory.batch(batch.id)
    }

    /// A batch's ids, as recorded.
    func ids(_ batch: Batch) throws -> [Int64] {
        try requireSome(batch.record.ids, "the ids of batch \(batch.id)").runs.flatMap { Array($0) }
    }
}

extension ConformanceSubject {
    /// The time at which the clock stands.
    var now: Date { clock.date }

    /// The time that is a number of seconds away.
    func time(in seconds: Double) -> Date {
        Date(milliseconds: now.milliseconds + Int64(seconds * 1000))
    }
}
