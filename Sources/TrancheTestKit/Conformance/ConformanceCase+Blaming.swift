import Foundation
import Tranche

extension ConformanceCase {
    /// Bad items that are named, and programs that always fail.
    static let blaming: [ConformanceCase] = partialSuccesses + alwaysFailing

    private static let partialSuccesses: [ConformanceCase] = [
        ConformanceCase("A success that names bad items quarantines these, and the rest is done") {
            subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0, weight: Double($0)) })
            let batch = try await bench.take(BatchRequest(job: "job", worker: "etl-1"))
            bench.clock.advance(by: .seconds(7))
            let reasons: [Int64: String] = [2: "no such day", 5: "qty is not a number"]
            let record = try await batch.succeed(result: ["n": 4], blaming: reasons)
            try requireEqual(record.status, .split, "the status")
            try requireEqual(record.failures, 0, "the failures")
            let parts = try await bench.store.batches(BatchSelection())
                .filter { $0.parent == batch.id }
            let done = try requireSome(parts.first { $0.status == .succeeded }, "what is done")
            try requireEqual(done.ids?.packed, "1,3-4,6", "the ids that are done")
            try requireEqual(done.weight, 14, "their weight")
            try requireEqual(done.worker, "etl-1", "who did them")
            try requireEqual(done.startedAt, batch.record.startedAt, "since when")
            try requireEqual(done.endedAt, subject.now, "until when")
            try require(done.result?.contains("4") ?? false, "the result is \(done.result ?? "")")
            let bad = parts.filter { $0.status == .quarantined }
            try requireEqual(bad.map(\.worker), [nil, nil], "who holds the bad items")
            let found = Dictionary(bad.map { ($0.idStart, $0.logging ?? "") }) { first, _ in first }
            try requireEqual(found, reasons, "what is wrong with the bad items")
            let attempt = try await bench.store.attempts(of: batch.id).last
            try requireEqual(attempt?.outcome, .succeeded, "how the attempt ended")
            try require(attempt?.error?.hasPrefix("2 of 6 items") ?? false, "its error")
            try requireEqual(try await bench.takeNone(), .complete, "what is left")
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.succeeded]?.items, 4, "the items done")
            try requireEqual(totals?[.quarantined]?.items, 2, "the items in quarantine")
        },
        ConformanceCase("A success but for bad items is recorded once, by who holds the batch") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let lost = try await bench.take()
            bench.clock.advance(by: lost.lease)
            let batch = try await bench.take()
            try await requireRefused(.batchLost, "who has lost it") {
                try await lost.succeed(blaming: [1: "no"])
            }
            try await requireRefused(.invalidArgument, "another batch's item") {
                try await batch.succeed(blaming: [1: "no", 9: "no"])
            }
            try requireEqual(try await bench.record(batch).status, .running, "the status")
            let record = try await batch.succeed(blaming: [1: "no"])
            try requireEqual(try await batch.succeed(blaming: [1: "no"]), record, "it, repeated")
            try await requireRefused(.batchLost, "another end") { try await batch.succeed() }
            try requireEqual(
                try await bench.store.batches(BatchSelection()).count,
                3,
                "the batches"
            )
        },
        ConformanceCase("A batch that is done but for bad items has not failed, nor the reverse") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            let error = ConformanceFailure("no")
            let rounds: [[Int64: String]] = [[1: "no"], [3: "no", 4: "no"]]
            for reasons in rounds {
                let batch = try await bench.take(2)
                let record = try await batch.succeed(blaming: reasons)
                try requireEqual(record.status, .split, "the status")
                try await requireRefused(.batchLost, "a failure") { try await batch.fail("no") }
                try await requireRefused(.batchLost, "a failure with bad items") {
                    try await batch.fail(error, blaming: reasons)
                }
                let again = try await batch.succeed(blaming: reasons)
                try requireEqual(again, record, "it, repeated")
            }
            let batch = try await bench.take(2)
            let record = try await batch.fail(error, blaming: [5: "no"])
            try requireEqual(record.status, .split, "the status of what failed")
            try await requireRefused(.batchLost, "a success but for bad items") {
                try await batch.succeed(blaming: [5: "no"])
            }
            let again = try await batch.fail(error, blaming: [5: "no"])
            try requireEqual(again, record, "the failure, repeated")
        },
        ConformanceCase("What is done of a batch with bad items comes downstream, once") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            let clean = BatchRequest(job: "clean", limit: BatchLimit(count: 3))
            try await bench.take(clean).succeed()
            let load = BatchRequest(job: "load")
            try await bench.take(load, from: InventorySource(job: "clean")).succeed()
            try await bench.take(clean).succeed(result: ["n": 2], blaming: [5: "no"])
            let next = try await bench.take(load, from: InventorySource(job: "clean"))
            let items = try await next.items
            try requireEqual(items.count, 1, "the items")
            let text = items.first?.text ?? ""
            for part in [#""count":2"#, #""result":{"#] {
                try require(text.contains(part), "the payload '\(text)' has no \(part)")
            }
            try await next.succeed()
            let made = try await bench.inventory.redrive(
                BatchSelection(runs: RunSelection(job: "clean"))
            )
            try requireEqual(made.map(\.idStart), [5], "what is made a batch again")
            try await bench.take(clean).succeed()
            let last = try await bench.take(load, from: InventorySource(job: "clean"))
            try requireEqual(try await last.items.count, 1, "the items of the redrive")
        },
        ConformanceCase("A failure that is said twice at once divides its batch once") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            guard let store = subject.store as? any SharingStore else { return }
            let batch = try await bench.take()
            let source = try await bench.inventory.source(bench.description)
            let parts = try await bench.inventory.parts(of: batch.record, bad: [2], in: source)
            let failure = AttemptFailure(batch.holding, BatchFailure("rotten", parts: parts))
            let ended = try await store.fail([failure, failure])
            try requireEqual(ended.compactMap { $0 }.count, 1, "how many are told")
            try requireEqual(
                try await bench.store.batches(BatchSelection()).count,
                3,
                "the batches"
            )
        },
        ConformanceCase("Who has lost a batch is not told that it ended, beside who has it") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            guard let store = subject.store as? any SharingStore else { return }
            let lost = try await bench.take()
            try await lost.release()
            let again = try await bench.take()
            let ended = try await store.succeed(
                [again, lost].map { AttemptSuccess($0.holding, result: nil, logging: nil) }
            )
            try requireEqual(ended.map { $0 != nil }, [true, false], "who is told")
        },
        ConformanceCase("A failure keeps what is wrong with each bad item") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let batch = try await bench.take()
            let error = ConformanceFailure("two are bad")
            try await batch.fail(error, blaming: [2: "no such day", 5: "qty is not a number"])
            let bad = try await bench.store.batches(BatchSelection(status: .quarantined))
            try requireEqual(
                bad.sorted { $0.idStart < $1.idStart }.map { $0.logging ?? "" },
                ["no such day", "qty is not a number"],
                "what is wrong"
            )
            try requireEqual(try await bench.ids(bench.take()), [1, 3, 4, 6], "the rest")
        },
        ConformanceCase("Work that began once is done but for bad items, and not offered again") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.takeAtMostOnce(2)
            try await batch.begin()
            try requireEqual(
                try await batch.succeed(blaming: [1: "no"]).status,
                .split,
                "the status"
            )
            let bad = try await bench.store.batches(BatchSelection(status: .failed))
            try requireEqual(bad.map(\.idStart), [1], "the bad items")
            try requireEqual(bad.first?.cause, .begun, "why it is failed")
            try requireEqual(bad.first?.begunAt, subject.now, "since when")
            try requireEqual(bad.first?.worker, nil, "who holds it")
            bench.clock.advance(by: .seconds(86_400))
            try requireEqual(
                try await bench.inventory.redrive(BatchSelection()).count,
                0,
                "what is redriven"
            )
            try requireEqual(try await bench.inventory.retry(BatchSelection()).count, 0, "retried")
            try requireEqual(try await bench.takeNone(), .complete, "what is left")
        },
    ]

    private static let alwaysFailing: [ConformanceCase] =
        [1, 3].map { maxAttempts in
            ConformanceCase("A program that always fails quarantines no table; \(maxAttempts)") {
                try await $0.requireHeld(maxAttempts: maxAttempts)
            }
        } + outages

    private static let outages: [ConformanceCase] =
        [
            ConformanceCase("A batch with many bad items is split to the end, and holds nothing") {
                subject in
                let bench = try await Bench(subject, ids: 1...400)
                let request = bench.splitting(maxAttempts: 1)
                _ = try await bench.work(request) { ids in ids.contains { $0 % 20 == 7 } }
                let totals = try await bench.store.summaries(RunSelection()).first?.totals
                try requireEqual(totals?[.succeeded]?.items, 380, "the items done")
                try requireEqual(totals?[.quarantined]?.items, 20, "the items in quarantine")
            },
            ConformanceCase("Batches of which all is blamed for the same hold the run") { subject in
                let bench = try await Bench(subject, ids: 1...30)
                let request = BatchRequest(job: "job", limit: BatchLimit(count: 10))
                var records: [BatchRecord] = []
                for _ in 1...2 {
                    let batch = try await bench.take(request)
                    let ids = try bench.ids(batch)
                    records.append(
                        try await batch.succeed(
                            blaming: Dictionary(ids.map { ($0, "no answer for \($0)") }) { $1 }
                        )
                    )
                }
                try requireEqual(records.map(\.status), [.split, .failed], "the statuses")
                guard case .held(let reason, let until?) = try await bench.takeNone(request) else {
                    throw ConformanceFailure("the run is not held")
                }
                try require(reason.contains("no answer for #"), "the reason is '\(reason)'")
                bench.clock.advance(by: .seconds(until.timeIntervalSince(subject.now)))
                let probe = try await bench.take(request)
                try requireEqual(probe.id, records[1].id, "the probe")
                try await probe.succeed()
                try await bench.take(request).succeed()
                let totals = try await bench.store.summaries(RunSelection()).first?.totals
                try requireEqual(totals?[.succeeded]?.items, 20, "the items done")
                try requireEqual(totals?[.quarantined]?.items, 10, "the items in quarantine")
            },
            ConformanceCase("Batches of which all is blamed hold nothing while others succeed") {
                subject in
                let bench = try await Bench(subject, ids: 1...60)
                let request = BatchRequest(job: "job", limit: BatchLimit(count: 10))
                for round in 1...3 {
                    let batch = try await bench.take(request)
                    let ids = try bench.ids(batch)
                    let record = try await batch.succeed(
                        blaming: Dictionary(ids.map { ($0, "rotten") }) { $1 }
                    )
                    try requireEqual(record.status, .split, "the status in round \(round)")
                    bench.clock.advance(by: .seconds(1))
                    let good = try await bench.take(request)
                    if round == 2 {
                        let first = try bench.ids(good)[0]
                        try await good.succeed(blaming: [first: "dirty"])
                    } else {
                        try await good.succeed()
                    }
                    bench.clock.advance(by: .seconds(1))
                }
                try requireEqual(try await bench.takeNone(), .complete, "what is left")
            },
        ] + mostBlamed

    private static let mostBlamed: [ConformanceCase] = [
        ConformanceCase("Batches of which most is blamed for the same hold the run; 99 of 100") {
            subject in
            let bench = try await Bench(subject, ids: 1...1500)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 100))
            let ends = try await bench.endUntilHeld(request) { batch in
                let ids = try bench.ids(batch).dropFirst()
                try await batch.succeed(
                    blaming: Dictionary(ids.map { ($0, "no connection \($0)") }) { $1 }
                )
            }
            try requireEqual(ends, 2, "the batches that ended")
            var totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.quarantined]?.items, 99, "the items in quarantine")
            guard case .held(let reason, let until?) = try await bench.takeNone(request) else {
                throw ConformanceFailure("the run is not held")
            }
            try require(reason.contains("no connection #"), "the reason is '\(reason)'")
            bench.clock.advance(by: .seconds(until.timeIntervalSince(subject.now)))
            let probe = try await bench.take(request)
            let first = try bench.ids(probe)[0]
            // One bad item among a hundred: what all need works again.
            try await probe.succeed(blaming: [first: "dirty"])
            for _ in 1...13 { try await bench.take(request).succeed() }
            totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.quarantined]?.items, 100, "the items in quarantine")
            try requireEqual(totals?[.succeeded]?.items, 1400, "the items done")
        },
        ConformanceCase("A program that fails and blames half of each batch quarantines no table") {
            subject in
            let bench = try await Bench(subject, ids: 1...1500)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 100))
            let error = ConformanceFailure("half is bad")
            let ends = try await bench.endUntilHeld(request) { batch in
                let ids = try bench.ids(batch)
                let half = ids.prefix((ids.count + 1) / 2)
                try await batch.fail(
                    error,
                    blaming: Dictionary(half.map { ($0, "no connection") }) { $1 }
                )
            }
            try requireEqual(ends, 2, "the batches that ended")
            let totals = try await bench.store.summaries(RunSelection()).first?.totals
            try requireEqual(totals?[.quarantined]?.items, 50, "the items in quarantine")
        },
        ConformanceCase("Batches with few bad items, or with many kinds of reasons, hold nothing") {
            subject in
            let bench = try await Bench(subject, ids: 1...120)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 20))
            let kinds = ["no day", "no month", "no year", "no name", "no place", "no price"]
            for round in 1...6 {
                let batch = try await bench.take(request)
                let ids = try bench.ids(batch)
                let bad = round.isMultiple(of: 2) ? ids.prefix(4) : ids.prefix(12)
                let record = try await batch.succeed(
                    blaming: Dictionary(
                        bad.enumerated().map { ($1, kinds[$0 % kinds.count]) }
                    ) { $1 }
                )
                try requireEqual(record.status, .split, "the status in round \(round)")
            }
            try requireEqual(try await bench.takeNone(), .complete, "what is left")
        },
    ]
}

extension ConformanceSubject {
    /// Checks that a run whose work always fails is held before much is quarantined.
    fileprivate func requireHeld(maxAttempts: Int) async throws {
        let bench = try await Bench(self, ids: 1...1500)
        let request = bench.splitting(maxAttempts: maxAttempts)
        let attempts = try await bench.failUntilHeld(request) { "cannot read \($0)" }
        try require(attempts <= 20, "it took \(attempts) attempts")
        var totals = try await store.summaries(RunSelection()).first?.totals
        let bad = totals?[.quarantined]?.items ?? 0
        try require(bad < OutageGuard.threshold, "\(bad) items are quarantined")
        guard case .held(let reason, let until?) = try await bench.takeNone(request) else {
            throw ConformanceFailure("the run is not held")
        }
        try require(reason.contains("cannot read"), "the reason is '\(reason)'")
        clock.advance(by: .seconds(until.timeIntervalSince(now)))
        _ = try await bench.work(request) { _ in false }
        totals = try await store.summaries(RunSelection()).first?.totals
        try requireEqual(totals?[.succeeded]?.items, 1500 - bad, "the items done")
    }
}

extension Bench {
    /// Ends whatever is handed out, until the run is held or nothing is left.
    ///
    /// - Returns: How many batches that were.
    fileprivate func endUntilHeld(
        _ request: BatchRequest,
        _ end: (Batch) async throws -> Void
    ) async throws -> Int {
        var ends = 0
        while ends < 100 {
            guard case .batch(let batch) = try await inventory.acquire(request, from: description)
            else { return ends }
            ends += 1
            try await end(batch)
        }
        return ends
    }

    /// Fails whatever is handed out until the run is held; time passes as needed.
    ///
    /// - Returns: How many attempts that took.
    func failUntilHeld(
        _ request: BatchRequest,
        _ error: (Int64) -> String
    ) async throws -> Int {
        var attempts = 0
        while attempts < 5000 {
            switch try await inventory.acquire(request, from: description) {
            case .batch(let batch):
                attempts += 1
                try await batch.fail(error(batch.ids.lowerBound))
            case .noBatch(.waiting(let until)):
                clock.advance(by: .seconds(max(0.001, until.timeIntervalSince(subject.now))))
            case .noBatch:
                return attempts
            }
        }
        return attempts
    }
}
