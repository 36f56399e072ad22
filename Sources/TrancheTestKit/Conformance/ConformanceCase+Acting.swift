import Synchronization
import Tranche

extension ConformanceCase {
    /// What people do with batches and runs, which is kept with it.
    static let acting: [ConformanceCase] = [
        ConformanceCase("What is done is kept in its transaction, though the process ends there") {
            subject in
            let bench = try await Bench(subject, ids: 1...8)
            let ground = try await ActGround(bench)
            let acts: [@Sendable (Inventory) async throws -> Void] = [
                { _ = try await $0.retry(BatchSelection(ids: [ground.failed.id]), reason: "a") },
                { _ = try await $0.release(found: [ground.held, ground.alsoHeld], reason: "b") },
                { _ = try await $0.offer([ground.succeeded], reason: "c") },
                { _ = try await $0.redrive(found: [ground.quarantined], reason: "d") },
                { try await $0.pause(ground.failed.key, reason: "e") },
                { try await $0.resume(ground.failed.key, lettingThrough: 2, reason: "f") },
            ]
            for act in acts {
                let inventory = subject.makeInventory(over: DyingStore(subject.store))
                try await requireRefused(.storeFailed, "a process that is gone") {
                    try await act(inventory)
                }
            }
            let made = try await bench.store.batches(BatchSelection())
            let again = made.filter { $0.parent == ground.succeeded.id }
            let both = ChangeRecord.words(ofBatches: [ground.held.id, ground.alsoHeld.id])
            try requireEqual(
                try await bench.words(ofActsOn: ground.failed.key),
                [
                    "retry - batch \(ground.failed.id) a", "release - \(both) b",
                    "offer - \(ChangeRecord.words(ofBatches: again.map(\.id))) c",
                    "redrive - batch \(ground.quarantined.id) d", "pause - paused e",
                    "pause paused paused after 2 batches f",
                ],
                "the changes"
            )
        },
        ConformanceCase("A split is kept with it, once, and one that is refused is not") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let policy = RunPolicy(maxAttempts: 1)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), policy: policy)
            let failed = try await bench.take(request)
            try await failed.fail("no")
            let held = try await bench.take(request)
            let note = ChangeNote(by: "me", reason: "too large")
            let parts = (1...2).map { BatchPart(ids: IDRuns($0...$0), weight: 1) }
            let made = try await bench.store.split(failed.holding, into: parts, note)
            let same = try await bench.store.split(failed.holding, into: parts, note)
            try requireEqual(same.map(\.id), made.map(\.id), "said again")
            try await requireRefused(.batchLost, "one that is held") {
                let parts = (3...4).map { BatchPart(ids: IDRuns($0...$0), weight: 1) }
                _ = try await bench.store.split(held.holding, into: parts, note)
            }
            try requireEqual(
                try await bench.words(ofActsOn: failed.record.key),
                ["split - batch \(failed.id) too large"],
                "the changes"
            )
        },
        ConformanceCase("Of what is given back for others, what had begun is failed for good") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            let policy = RunPolicy(execution: .atMostOnce)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 1), policy: policy)
            let (begun, fresh) = (try await bench.take(request), try await bench.take(request))
            let ended = try await bench.take(request)
            let found = [begun.record, fresh.record, ended.record]
            _ = try await bench.store.begin(begun.holding, token: "t")
            try await ended.release()
            let given = try await bench.inventory.release(found: found, reason: "gone")
            try requireEqual(given.map(\.id), [begun.id, fresh.id], "what is given back")
            try requireEqual(given.map(\.status), [.failed, .released], "how")
            try requireEqual(given.map(\.cause), [.begun, nil], "why")
            try requireEqual(try await bench.record(fresh), given[1], "as it is kept")
            try requireEqual(
                try await bench.store.attempts(of: begun.id).map(\.outcome),
                [.failed],
                "its attempt"
            )
            let words = ChangeRecord.words(ofBatches: [begun.id, fresh.id])
            try requireEqual(
                try await bench.words(ofActsOn: begun.record.key),
                ["release - \(words) gone"],
                "the changes"
            )
        },
        ConformanceCase("An item's history has what people did with its batches, and no others") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let policy = RunPolicy(maxAttempts: 1)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), policy: policy)
            let (first, second) = (try await bench.take(request), try await bench.take(request))
            let key = first.record.key
            let inventory = bench.inventory
            try await second.succeed()
            bench.clock.advance(by: .seconds(1))
            try await inventory.pause(key, reason: "disk")
            try await inventory.setParallelism(3, of: key)
            try await inventory.resume(key)
            try await first.fail("no")
            bench.clock.advance(by: .seconds(1))
            try await inventory.pause(key, reason: "later")
            _ = try await inventory.retry(BatchSelection(ids: [first.id]), reason: "mended")
            _ = try await inventory.cancel(batch: first.id, reason: "never mind")
            let lineage = try await inventory.lineage(of: 1, in: key.metaTable)
            let all = lineage.entries.flatMap(\.changes)
            try requireEqual(
                all.map { "\($0.what) \($0.old ?? "-") \($0.note.reason ?? "-")" },
                [
                    "pause - disk", "pause paused -", "retry - mended", "cancelled - never mind",
                ],
                "those of the first"
            )
            try require(all.allSatisfy { $0.note.by == inventory.configuration.worker }, "by whom")
            let other = try await inventory.lineage(of: 3, in: key.metaTable)
            try requireEqual(other.entries.flatMap(\.changes), [], "those of the second")
        },
    ]
}

extension Bench {
    /// What was done with batches of a run or all of it, the first first.
    fileprivate func words(ofActsOn key: RunKey) async throws -> [String] {
        try await inventory.changes(.acts(key)).reversed().map { change in
            "\(change.what) \(change.old ?? "-") \(change.new ?? "-") \(change.note.reason ?? "-")"
        }
    }
}

/// Batches with which something can be done.
private struct ActGround: Sendable {
    let failed: BatchRecord
    let held: BatchRecord
    let alsoHeld: BatchRecord
    let succeeded: BatchRecord
    let quarantined: BatchRecord

    init(_ bench: Bench) async throws {
        let policy = RunPolicy(maxAttempts: 1)
        let request = BatchRequest(job: "job", limit: BatchLimit(count: 1), policy: policy)
        var batches: [Batch] = []
        for _ in 1...5 { batches.append(try await bench.take(request)) }
        try await batches[0].fail("no")
        try await batches[3].succeed()
        try await batches[4].fail("bad", badItems: [batches[4].record.idStart])
        failed = try await bench.record(batches[0])
        held = batches[1].record
        alsoHeld = batches[2].record
        succeeded = try await bench.record(batches[3])
        let bad = try await bench.store.batches(BatchSelection(status: .quarantined)).first
        quarantined = try requireSome(bad, "the bad item")
    }
}

/// A store whose process is gone once it has asked for one change: it gets no answer, and asks for
/// nothing more.
private final class DyingStore: ForwardingStore {
    let base: any InventoryStore
    private let isGone = Mutex(false)

    init(_ base: any InventoryStore) {
        self.base = base
    }

    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
        if isGone.withLock({ $0 }) { throw TrancheError(.storeFailed, "the process is gone") }
        let answer = try await body()
        guard [.change, .redrive, .release, .split].contains(request) else { return answer }
        isGone.withLock { $0 = true }
        throw TrancheError(.storeFailed, "the process is gone")
    }
}
