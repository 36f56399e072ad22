import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("Cutting a batch into parts")
struct BatchSplitterTests {
    @Test("The halves are as even as a slow model makes them", arguments: 0..<300)
    func halves(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let items = randomItems(&random)
        let ids = IDRuns(items.map(\.id))
        let parts = BatchSplitter(ids: ids, items: items).halves
        try #require(parts.count == 2, "seed \(seed)")
        #expect(parts[0].ids.union(parts[1].ids) == ids, "seed \(seed)")
        let last = try #require(parts[0].ids.last)
        let first = try #require(parts[1].ids.first)
        #expect(last < first, "seed \(seed)")
        for part in parts {
            let weight = items.filter { part.ids.contains($0.id) }.reduce(0) { $0 + $1.weight }
            #expect(part.weight == weight, "seed \(seed)")
            #expect(!part.isBad)
        }
        // For each cut, the heavier side.
        let best = (1..<items.count).map { cut in
            let left = items.prefix(cut).reduce(0) { $0 + $1.weight }
            return max(left, items.reduce(0) { $0 + $1.weight } - left)
        }.min()
        #expect(max(parts[0].weight, parts[1].weight) == best, "seed \(seed)")
    }

    @Test("Items without weight are halved by number")
    func weightless() {
        let items = (1...9).map { Item(id: $0) }
        let parts = BatchSplitter(ids: IDRuns(1...9), items: items).halves
        #expect(parts.map(\.ids.packed) == ["1-4", "5-9"])
    }

    @Test("A single id is one part, and none is none")
    func single() {
        let item = Item(id: 7, weight: 2)
        let one = BatchSplitter(ids: nil, items: [item]).halves
        #expect(one == [BatchPart(ids: IDRuns(7...7), weight: 2)])
        #expect(BatchSplitter(ids: nil, items: []).halves.isEmpty)
    }

    @Test(
        "An item of a thousand is alone after ten cuts, wherever it is",
        arguments: [1, 437, 1000]
    )
    func isolation(bad: Int64) throws {
        let items = (Int64(1)...1000).map { Item(id: $0, weight: 1) }
        var ids = IDRuns(1...1000)
        var cuts = 0
        while ids.count > 1 {
            let parts = BatchSplitter(ids: ids, items: items).halves
            ids = try #require(parts.first { $0.ids.contains(bad) }).ids
            cuts += 1
        }
        #expect(cuts <= 10)
    }

    @Test("Bad items are parts of their own, and the rest is one", arguments: 0..<100)
    func badItems(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let items = randomItems(&random)
        let bad = Set(items.map(\.id).filter { _ in Int.random(in: 0...3, using: &random) == 0 })
        // One of them has vanished: it weighs nothing, and is still the batch's.
        let vanished = items.first?.id
        let splitter = BatchSplitter(
            ids: IDRuns(items.map(\.id)),
            items: items.filter { $0.id != vanished }
        )
        let parts = try splitter.parts(bad: bad)
        #expect(Set(parts.filter(\.isBad).flatMap { Array($0.ids.ids) }) == bad, "seed \(seed)")
        #expect(parts.filter(\.isBad).allSatisfy { $0.ids.count == 1 }, "seed \(seed)")
        #expect(parts.filter { !$0.isBad }.count == (bad.count < items.count ? 1 : 0))
        #expect(parts.reduce(0) { $0 + $1.ids.count } == items.count, "seed \(seed)")
        let weight = items.dropFirst().reduce(0) { $0 + $1.weight }
        #expect(parts.reduce(0) { $0 + $1.weight } == weight, "seed \(seed)")
    }

    @Test("An id that is not the batch's is refused")
    func unknown() {
        let splitter = BatchSplitter(ids: IDRuns(1...3), items: [])
        let error = #expect(throws: TrancheError.self) { try splitter.parts(bad: [2, 5, 9]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("5, 9") == true)
    }

    private func randomItems(_ random: inout SplitMix64) -> [Item] {
        var id = Int64.random(in: -9...9, using: &random)
        return (0..<Int.random(in: 2...30, using: &random)).map { _ in
            id += Int64.random(in: 1...3, using: &random)
            return Item(id: id, weight: Double(Int.random(in: 0...12, using: &random)) / 2)
        }
    }
}

@Suite("Telling an outage from bad items")
struct OutageGuardTests {
    private let start = Date(timeIntervalSince1970: 1_767_225_600)

    @Test("Unrelated batches that fail alike hold the run")
    func threshold() {
        var outage = OutageGuard()
        for root in Int64(1)...4 { #expect(!fail(&outage, root)) }
        #expect(outage.permission(now: start) == .open)
        #expect(fail(&outage, 5))
        let until = start.addingTimeInterval(30)
        guard case .held(let reason, until) = outage.permission(now: start) else {
            Issue.record("\(outage.permission(now: start))")
            return
        }
        #expect(reason.contains("no route to host #"))
        // What fails alike meanwhile is the outage's; what fails otherwise is not.
        #expect(fail(&outage, 6))
        #expect(!fail(&outage, 7, "a comma too many"))
    }

    @Test("Parts of one batch are related, old failures are forgotten, and errors differ")
    func related() {
        var outage = OutageGuard()
        for _ in 0..<20 { #expect(!fail(&outage, 1)) }
        for root in Int64(2)...4 { #expect(!fail(&outage, root)) }
        #expect(!fail(&outage, 5, at: 60))
        for root in Int64(6)...8 { #expect(!fail(&outage, root, at: 60)) }
        for root in Int64(11)...14 { #expect(!fail(&outage, root, "another", at: 60)) }
        #expect(fail(&outage, 9, at: 60))
    }

    @Test("Numbers in errors make no difference")
    func numbers() {
        var outage = OutageGuard()
        let errors = ["row 1: x2", "row 22: x3", "row 345: x0", "row 0: x99", "row 7: x7"]
        let answers = zip(Int64(1)..., errors).map { fail(&outage, $0, $1) }
        #expect(answers == [false, false, false, false, true])
    }

    @Test("A probe that succeeds ends the hold")
    func success() {
        var outage = held()
        #expect(outage.permission(now: start.addingTimeInterval(30)) == .probe)
        outage.startProbe(3, attempt: 2, leaseEnd: start.addingTimeInterval(90))
        let asked = OutageGuard.Permission.ask(batch: 3, attempt: 2)
        #expect(outage.permission(now: start.addingTimeInterval(40)) == asked)
        outage.endProbe(succeeded: true, now: start.addingTimeInterval(50))
        #expect(outage.permission(now: start.addingTimeInterval(50)) == .open)
    }

    @Test("A probe that is given back is followed by another at once")
    func givenBack() {
        var outage = held()
        outage.startProbe(3, attempt: 2, leaseEnd: start.addingTimeInterval(90))
        outage.endProbe(succeeded: nil, now: start.addingTimeInterval(40))
        #expect(outage.permission(now: start.addingTimeInterval(40)) == .probe)
    }

    @Test("Each probe that fails doubles the hold; at its longest, the probes count")
    func failures() {
        var outage = held()
        var now = start.addingTimeInterval(30)
        for length in [60.0, 120, 240, 480, 600, 600, 600] {
            outage.startProbe(3, attempt: 2, leaseEnd: now.addingTimeInterval(60))
            let wasLongest = outage.hold?.length == 600_000
            let isOutage = outage.noteFailure(
                root: 3,
                batch: 3,
                message: "no route to host 7",
                now: now
            )
            #expect(isOutage == !wasLongest)
            #expect(outage.permission(now: now.addingTimeInterval(length)) == .probe)
            let before = now.addingTimeInterval(length - 0.001)
            #expect(outage.permission(now: before) != .probe)
            now += length
        }
    }

    @Test("It is kept as JSON")
    func coding() throws {
        let outage = held()
        let data = try JSONEncoder().encode(outage)
        #expect(try JSONDecoder().decode(OutageGuard.self, from: data) == outage)
    }

    private func held() -> OutageGuard {
        var outage = OutageGuard()
        for root in Int64(1)...5 { _ = fail(&outage, root) }
        return outage
    }

    private func fail(
        _ outage: inout OutageGuard,
        _ root: Int64,
        _ message: String = "no route to host 10",
        at seconds: Double = 0
    ) -> Bool {
        let now = start.addingTimeInterval(seconds)
        return outage.noteFailure(root: root, batch: root + 100, message: message, now: now)
    }
}

@Suite("What follows a failure")
struct FailingBatchTests {
    private let now = Date(timeIntervalSince1970: 1000)

    @Test("By default a batch is tried again after its backoff, then stays failed")
    func failing() throws {
        for (failures, wait) in [(0, 5.0), (1, 10), (2, nil)] as [(Int, Double?)] {
            let batch = try outcome(.fail, failures: failures).batch
            #expect(batch.status == .failed)
            #expect(batch.failures == failures + 1)
            #expect(batch.retryAt == wait.map { now.addingTimeInterval($0) })
            #expect(batch.logging == "no")
            #expect(batch.endedAt == now && batch.leaseExpiresAt == nil)
        }
        // Nothing is known to be transient where nothing is split.
        #expect(try outcome(.fail, isTransient: true).batch.failures == 1)
    }

    @Test("What is to be split is due at once when it has failed often enough")
    func exhausted() throws {
        let whole = try outcome(.split, failures: 2).batch
        #expect(whole.status == .failed && whole.failures == 3 && whole.retryAt == now)
        let part = try outcome(.split, kind: .split).batch
        #expect(part.status == .failed && part.failures == 1 && part.retryAt == now)
        let single = try outcome(.split, kind: .split, count: 1).batch
        #expect(single.status == .failed)
        #expect(single.retryAt == now.addingTimeInterval(5))
        let last = try outcome(.split, kind: .split, count: 1, failures: 2).batch
        #expect(last.status == .quarantined && last.retryAt == nil)
    }

    @Test("A transient error does not count towards splitting, but waits longer each time")
    func transient() throws {
        for (attempt, wait) in [(1, 5.0), (2, 10), (9, 300)] {
            let batch = try outcome(.split, attempt: attempt, isTransient: true).batch
            #expect(batch.failures == 0)
            #expect(batch.retryAt == now.addingTimeInterval(wait))
        }
    }

    @Test("In an outage nothing counts, and the hold is waited for")
    func outage() throws {
        var outage = OutageGuard()
        for root in Int64(11)...14 {
            _ = outage.noteFailure(root: root, batch: root, message: "no", now: now)
        }
        let outcome = try outcome(.split, outage: outage)
        #expect(outcome.batch.failures == 0)
        #expect(outcome.batch.retryAt == now.addingTimeInterval(30))
        #expect(outcome.outage.hold != nil)
    }

    @Test("Bad items split the batch at once, whatever the policy")
    func parts() throws {
        let parts = [
            BatchPart(ids: IDRuns([1, 3]), weight: 2),
            BatchPart(ids: IDRuns([2]), weight: 1, isBad: true),
        ]
        for policy in RunPolicy.OnExhausted.allCases {
            let batch = try outcome(policy, parts: parts).batch
            #expect(batch.status == .split && batch.retryAt == nil)
        }
    }

    @Test(
        "Parts that are not the batch's ids, each once, are refused",
        arguments: [
            [IDRuns([1, 3])], [IDRuns([1, 3]), IDRuns([2, 4])], [IDRuns([1, 2, 3]), IDRuns([2])],
            [IDRuns([1, 2]), IDRuns([5])],
        ]
    )
    func otherParts(ids: [IDRuns]) {
        let parts = ids.map { BatchPart(ids: $0, weight: 0) }
        let error = #expect(throws: TrancheError.self) { try outcome(.fail, parts: parts) }
        #expect(error?.code == .invalidArgument)
    }

    private func outcome(
        _ onExhausted: RunPolicy.OnExhausted,
        kind: BatchKind = .incremental,
        count: Int = 3,
        attempt: Int = 1,
        failures: Int = 0,
        isTransient: Bool = false,
        parts: [BatchPart] = [],
        outage: OutageGuard = OutageGuard()
    ) throws -> FailingBatch.Outcome {
        let key = RunKey(metaTable: "t", job: "j")
        let batch = BatchRecord(
            id: 7,
            key: key,
            kind: kind,
            status: .running,
            attempt: attempt,
            failures: failures,
            idStart: 1,
            idEnd: Int64(count),
            coverStart: nil,
            itemIDs: nil,
            count: count,
            weight: Double(count),
            startedAt: now,
            leaseExpiresAt: now.addingTimeInterval(60)
        )
        let run = RunRecord(
            key: key,
            definition: nil,
            bounds: IDBounds(),
            policy: RunPolicy(onExhausted: onExhausted),
            outage: outage,
            createdAt: now
        )
        let failure = BatchFailure("no", isTransient: isTransient, parts: parts)
        let failing = FailingBatch(batch: batch, run: run, root: 7, failure: failure, now: now)
        return try failing.outcome()
    }
}
