import Foundation
import Testing
import Tranche

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

    @Test("Where trying again is of no use, a batch stays failed at once, or is split as any other")
    func final() throws {
        let batch = try outcome(.fail, isFinal: true).batch
        #expect(batch.status == .failed && batch.failures == 1 && batch.retryAt == nil)
        let split = try outcome(.split, isFinal: true).batch
        #expect(split.status == .failed && split.retryAt == now.addingTimeInterval(5))
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

    @Test("What is wrong with several records of an item is said once")
    func reasons() {
        let refused = RecordsRefused([
            (1, "no day"), (1, "no day"), (2, "no day"), (1, "no qty"), (1, "no day"),
        ])
        #expect(refused.reasons == [1: "no day; no qty", 2: "no day"])
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

    @Test("Where batches stay failed, an outage is one that nothing succeeds in")
    func wholeOutage() throws {
        let most = RunPolicy().maxAttempts
        func held(
            after success: TimeInterval? = nil,
            _ number: Int64? = nil,
            failures: Int,
            isFinal: Bool = false
        ) throws -> FailingBatch.Outcome {
            var outage = OutageGuard()
            for root in Int64(3)...6 {
                let isOutage = outage.noteWholeFailure(
                    root: root,
                    batch: root,
                    isLast: true,
                    message: "no",
                    evidence: .init(),
                    now: now.addingTimeInterval(Double(root) * 100 - 2000)
                )
                #expect(!isOutage)
            }
            return try failing(
                .fail,
                failures: failures,
                failure: BatchFailure("no", isFinal: isFinal),
                outage: outage,
                evidence: .init(
                    lastSuccess: success.map { now.addingTimeInterval($0) },
                    lastSucceeded: number
                )
            ).outcome()
        }
        // However long the failures took; what was handed out later may not have succeeded.
        let cases: [(success: TimeInterval?, number: Int64?, isHeld: Bool)] = [
            (nil, nil, true), (-1750, 2, true), (-1650, 2, false), (-1750, 3, false),
            (-1750, 8, false),
        ]
        for (success, number, isHeld) in cases {
            let outcome = try held(after: success, number, failures: most - 1)
            #expect((outcome.outage.hold != nil) == isHeld)
            #expect(outcome.batch.failures == (isHeld ? most - 1 : most))
            #expect(outcome.batch.retryAt == (isHeld ? now.addingTimeInterval(30) : nil))
        }
        // One that is tried again says nothing yet, and one that is final stays so.
        #expect(try held(failures: most - 2).outage.hold == nil)
        #expect(try held(failures: 0).batch.failures == 1)
        let final = try held(failures: 0, isFinal: true)
        #expect(final.outage.hold != nil)
        #expect(final.batch.failures == 1 && final.batch.retryAt == nil)
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

    @Test("A success but for bad items counts no failure, and fails what had begun no more")
    func partialSuccess() throws {
        let parts = [
            BatchPart(ids: IDRuns([1, 3]), weight: 2, isDone: true),
            BatchPart(ids: IDRuns([2]), weight: 1, isBad: true, reason: "no day"),
        ]
        for begunAt in [nil, now] {
            var success = BatchSuccess(result: "4")
            success.parts = parts
            let failure = BatchFailure(inPart: success)
            let failing = failing(.split, failure: failure, begunAt: begunAt)
            let batch = try failing.outcome().batch
            #expect(batch.status == .split && batch.failures == 0 && batch.retryAt == nil)
            #expect(batch.logging == "1 of 3 items is bad: no day" && batch.result == "4")
            #expect(failing.outcome(as: batch) == .succeeded)
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

    @Test("Deferrals that are a failure are counted, as far as they split nothing")
    func deferrals() throws {
        let most = RunPolicy().maxAttempts
        for (failures, counted) in [(0, 1), (most - 2, most - 1), (most - 1, most - 1)] {
            let failed = try outcome(
                .split,
                failures: failures,
                isTransient: true,
                isOfDeferrals: true
            )
            #expect(failed.batch.failures == counted)
            #expect(failed.batch.retryAt ?? now > now)
        }
        // A part's first failure splits it.
        let part = try outcome(.split, kind: .split, isTransient: true, isOfDeferrals: true)
        #expect(part.batch.failures == 0)
    }

    private func outcome(
        _ onExhausted: RunPolicy.OnExhausted,
        kind: BatchKind = .incremental,
        count: Int = 3,
        attempt: Int = 1,
        failures: Int = 0,
        isTransient: Bool = false,
        isFinal: Bool = false,
        isOfDeferrals: Bool = false,
        parts: [BatchPart] = [],
        outage: OutageGuard = OutageGuard()
    ) throws -> FailingBatch.Outcome {
        var failure = BatchFailure("no", isTransient: isTransient, isFinal: isFinal, parts: parts)
        failure.isOfDeferrals = isOfDeferrals
        let failing = failing(
            onExhausted,
            kind: kind,
            count: count,
            attempt: attempt,
            failures: failures,
            failure: failure,
            outage: outage
        )
        return try failing.outcome()
    }

    private func failing(
        _ onExhausted: RunPolicy.OnExhausted,
        kind: BatchKind = .incremental,
        count: Int = 3,
        attempt: Int = 1,
        failures: Int = 0,
        failure: BatchFailure,
        outage: OutageGuard = OutageGuard(),
        evidence: FailingBatch.Evidence = FailingBatch.Evidence(),
        begunAt: Date? = nil
    ) -> FailingBatch {
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
            leaseExpiresAt: now.addingTimeInterval(60),
            begunAt: begunAt
        )
        let run = RunRecord(
            key: key,
            definition: nil,
            bounds: IDBounds(),
            policy: RunPolicy(onExhausted: onExhausted),
            outage: outage,
            createdAt: now
        )
        return FailingBatch(
            batch: batch,
            run: run,
            root: 7,
            failure: failure,
            evidence: evidence,
            now: now
        )
    }
}
