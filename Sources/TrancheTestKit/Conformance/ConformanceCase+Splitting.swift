import Foundation
import Tranche

extension ConformanceCase {
    /// Batches that fail: splitting, quarantine, outages.
    static let splitting: [ConformanceCase] = [
        ConformanceCase("A batch that fails too often is split in two by weight") { subject in
            let rows = [1, 1, 1, 9, 1, 1].enumerated().map {
                SourceRow(Int64($0.offset) + 1, weight: $0.element)
            }
            let bench = try await Bench(subject, rows)
            let request = bench.splitting(maxAttempts: 1)
            let whole = try await bench.take(request)
            try await whole.fail("no")
            let first = try await bench.take(request)
            let second = try await bench.take(request)
            try requireEqual(first.kind, .split, "the kind")
            try requireEqual(first.record.parent, whole.id, "the parent")
            try requireEqual(first.attempt, 1, "the attempt")
            try requireEqual(
                try await first.items.map(\.id) + second.items.map(\.id),
                [1, 2, 3, 4, 5, 6],
                "the items"
            )
            try requireEqual(first.weight + second.weight, 14, "the weight")
            try require(
                max(first.weight, second.weight) <= 11,
                "weights \(first.weight), \(second.weight)"
            )
            try requireEqual(try await bench.record(whole).status, .split, "the parent's status")
        },
        ConformanceCase("Many batches that wait to be split keep nobody from an answer") {
            subject in
            let bench = try await Bench(subject, ids: 1...40)
            let request = bench.splitting(maxAttempts: 1, count: 2)
            let first = try await bench.take(request)
            // More than are looked at for two at once.
            for _ in 1...12 { _ = try await bench.take(request) }
            try await first.release()
            bench.clock.advance(by: first.lease)
            let source = try await bench.inventory.source(bench.description)
            let asked = try AcquireRequest(
                key: await bench.key(),
                definition: source.definition,
                policy: request.policy,
                limit: BatchLimit(count: 2),
                slots: AcquireRequest.Slot.several(2, worker: "worker", token: "~two")
            )
            let outcome = try await bench.store.acquire(asked, from: source, with: AcquireInput())
            guard case .batches(let batches) = outcome else {
                throw ConformanceFailure("\(outcome) where a batch is due")
            }
            try requireEqual(batches.first?.record.id, first.id, "what is handed out")
        },
        ConformanceCase("One bad item among many ends quarantined, and all others succeed") {
            subject in
            let bench = try await Bench(subject, ids: 1...1000)
            let request = bench.splitting(maxAttempts: 3)
            let attempts = try await bench.work(request) { ids in ids.contains(637) }
            try require(attempts <= 25, "it took \(attempts) attempts")
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.succeeded]?.items, 999, "the items done")
            try requireEqual(totals?[.quarantined]?.items, 1, "the items in quarantine")
            let selection = BatchSelection(status: .quarantined)
            let bad = try requireSome(
                try await bench.store.batches(selection).first,
                "the bad batch"
            )
            try requireEqual(bad.idStart, 637, "the bad id")
            try requireEqual(bad.logging, "poison", "its error")
            try requireEqual(bad.failures, 3, "its failures")
        },
        ConformanceCase("Named bad items are quarantined, and the rest is a batch at once") {
            subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0, weight: Double($0)) })
            let batch = try await bench.take(weight: 100)
            let record = try await batch.fail("they are rotten", badItems: [2, 5])
            try requireEqual(record.status, .split, "the status")
            let rest = try await bench.take()
            try requireEqual(try await rest.items.map(\.id), [1, 3, 4, 6], "the rest")
            try requireEqual(rest.weight, 14, "its weight")
            let bad = try await bench.store.batches(BatchSelection(status: .quarantined))
            try requireEqual(bad.map(\.idStart).sorted(), [2, 5], "the bad items")
            try requireEqual(bad.map { $0.weight ?? 0 }.reduce(0, +), 7, "their weight")
            try requireEqual(bad.first?.logging, "they are rotten", "their error")
            let again = try await batch.fail("they are rotten", badItems: [2, 5])
            try requireEqual(again.status, .split, "the status when repeated")
            try requireEqual(
                try await bench.store.batches(BatchSelection()).count,
                4,
                "the batches"
            )
        },
        ConformanceCase("A bad item that is not the batch's is refused") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(2)
            _ = try await requireRefused(.invalidArgument, "the request") {
                try await batch.fail("no", badItems: [2, 3])
            }
            try requireEqual(try await bench.record(batch).status, .running, "the status")
        },
        ConformanceCase("A lease that ends too often leads to a split, and to quarantine") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let request = bench.splitting(maxAttempts: 1)
            _ = try await bench.take(request)
            bench.clock.advance(by: .seconds(61))
            let first = try await bench.take(request)
            try requireEqual(try await first.items.map(\.id), [1], "the first half")
            bench.clock.advance(by: .seconds(61))
            let second = try await bench.take(request)
            try requireEqual(try await second.items.map(\.id), [2], "the second half")
            // It was free before the first's lease ended, and so came before that was looked at.
            guard case .waiting = try await bench.takeNone(request) else {
                throw ConformanceFailure("not waiting for the second half")
            }
            try requireEqual(try await bench.record(first).status, .quarantined, "the first's end")
        },
        ConformanceCase("What was given back is handed out, though its attempts became fewer") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let request = bench.splitting(maxAttempts: 5)
            var batch = try await bench.take(request)
            for _ in 1...2 {
                try await batch.fail("no")
                bench.clock.advance(by: .seconds(301))
                batch = try await bench.take(request)
            }
            try await batch.release()
            try await bench.inventory.redefine(
                try await bench.key(),
                policy: bench.splitting(maxAttempts: 2).policy
            )
            let again = try await bench.take(request)
            try requireEqual(again.id, batch.id, "the batch")
            try requireEqual(again.attempt, 4, "its attempt")
            // What it fails by now is its last.
            try await again.fail("no")
            try requireEqual(try await bench.take(request).record.parent, batch.id, "the parent")
        },
        ConformanceCase("Transient failures do not count towards splitting") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let request = bench.splitting(maxAttempts: 2)
            var batch = try await bench.take(request)
            for _ in 0..<4 {
                let record = try await batch.fail(TrancheError(.sourceUnavailable, "gone"))
                try requireEqual(record.failures, 0, "the failures")
                try require(record.retryAt != nil, "there is no retry")
                bench.clock.advance(by: .seconds(301))
                let again = try await bench.take(request)
                try requireEqual(again.id, batch.id, "the batch")
                batch = again
            }
        },
        ConformanceCase("Vanished items stay in a part, and an empty part succeeds") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let request = bench.splitting(maxAttempts: 1)
            try await bench.take(request).fail("no")
            try await bench.source.delete([1, 2, 3])
            let first = try await bench.take(request)
            try requireEqual(try await first.items.map(\.id), [4], "the items")
            try await first.succeed()
            try requireEqual(try await bench.takeNone(request), .complete, "the reason")
        },
        ConformanceCase("A redrive makes quarantined items batches again, counted once") {
            subject in
            let bench = try await Bench(subject, ids: 1...5)
            let batch = try await bench.take()
            try await batch.fail("bad", badItems: [2, 4])
            try await bench.take().succeed()
            let made = try await bench.inventory.redrive(
                BatchSelection(runs: RunSelection(job: "job")),
                items: [4]
            )
            try requireEqual(made.map(\.idStart), [4], "the ids")
            let again = try await bench.take()
            try requireEqual(again.kind, .redrive, "the kind")
            try await again.succeed()
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.succeeded]?.items, 4, "the items done")
            try requireEqual(totals?[.quarantined]?.items, 1, "the items in quarantine")
            let none = try await bench.inventory.redrive(BatchSelection(), items: [4])
            try requireEqual(none.count, 0, "the second redrive")
        },
        ConformanceCase("Many batches that fail alike hold the run, and one probe ends it") {
            subject in
            let bench = try await Bench(subject, ids: 1...40)
            let request = bench.splitting(maxAttempts: 3, count: 2)
            var failed = 0
            var hold: NoBatchReason?
            while hold == nil, failed < 20 {
                switch try await bench.inventory.acquire(request, from: bench.description) {
                case .batch(let batch):
                    failed += 1
                    try await batch.fail("disk \(failed) is full")
                case .noBatch(let reason): hold = reason
                }
            }
            try requireEqual(failed, OutageGuard.threshold, "the batches that failed")
            guard case .held(let reason, let until?) = hold else {
                throw ConformanceFailure("the reason is \(String(describing: hold))")
            }
            try require(reason.contains("disk # is full"), "the reason is '\(reason)'")
            bench.clock.advance(
                by: .seconds(until.timeIntervalSince(subject.now))
            )
            let probe = try await bench.take(request)
            guard case .held = try await bench.takeNone(request) else {
                throw ConformanceFailure("a second batch was handed out beside the probe")
            }
            try await probe.fail("disk 7 is full")
            guard case .held(_, let later?) = try await bench.takeNone(request) else {
                throw ConformanceFailure("a failed probe ended the hold")
            }
            bench.clock.advance(by: .seconds(later.timeIntervalSince(subject.now)))
            try await bench.take(request).succeed()
            let left = try await bench.work(request) { _ in false }
            try require(left >= 19, "only \(left) batches followed")
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.succeeded]?.items, 40, "the items done")
            try requireEqual(totals?[.split]?.batches ?? 0, 0, "the batches split")
        },
    ]
}

extension Bench {
    /// A request of a run that splits what fails.
    func splitting(maxAttempts: Int, count: Int? = nil) -> BatchRequest {
        BatchRequest(
            job: "job",
            limit: BatchLimit(count: count),
            policy: RunPolicy(maxAttempts: maxAttempts, backoff: .seconds(1), onExhausted: .split)
        )
    }

    /// Works until the run is complete, failing batches that hold a bad id; time passes as needed.
    ///
    /// - Returns: The number of attempts.
    func work(
        _ request: BatchRequest,
        isBad: @Sendable ([Int64]) -> Bool
    ) async throws -> Int {
        var attempts = 0
        while attempts < 1000 {
            switch try await inventory.acquire(request, from: description) {
            case .batch(let batch):
                attempts += 1
                if isBad(try await batch.items.map(\.id)) {
                    try await batch.fail("poison")
                } else {
                    try await batch.succeed()
                }
            case .noBatch(.waiting(let until)):
                clock.advance(by: .seconds(max(0.001, until.timeIntervalSince(subject.now))))
            case .noBatch:
                return attempts
            }
        }
        return attempts
    }
}
