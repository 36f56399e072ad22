import Foundation
import Tranche

/// One acquire while it is decided.
struct Acquire {
    let request: AcquireRequest
    let now: Date
    var run: RunRecord
    /// What is handed out.
    private(set) var answer: [AcquireOutcome.HandedOut] = []
    /// Whether the single batch is a probe that ends an outage's hold.
    var isProbing = false

    init(request: AcquireRequest, run: RunRecord, now: Date) {
        self.request = request
        self.run = run
        self.now = now
    }

    /// How many batches may still be handed out.
    var left: Int { (isProbing ? 1 : request.batches) - answer.count }

    /// The token of the next batch.
    var token: String { request.token(at: answer.count) }

    var leaseEnd: Date { now.advanced(by: run.policy.lease) }

    var demand: PlanDemand {
        PlanDemand(cursor: run.cursor, settling: run.settling, policy: run.policy, now: now)
    }

    /// Gives a batch to who asks.
    func hold(_ batch: inout BatchRecord) {
        batch.attempt = batch.nextAttempt
        batch.status = .running
        batch.worker = request.worker(at: answer.count)
        batch.jobIdentifier = request.jobIdentifier
        batch.startedAt = now
        batch.endedAt = nil
        batch.leaseExpiresAt = leaseEnd
        batch.retryAt = nil
        batch.result = nil
        batch.logging = nil
    }

    mutating func add(_ batch: BatchRecord, items: [Item]? = nil) {
        answer.append(.init(record: batch, lease: run.policy.lease, items: items))
    }

    mutating func startProbe() {
        guard isProbing, let probe = answer.first?.record else { return }
        run.outage.startProbe(probe.id, attempt: probe.attempt, leaseEnd: leaseEnd)
    }

    /// A batch that is held by who asks, without a number and a tile yet.
    func makeBatch(of range: PlannedRange, kind: BatchKind) -> BatchRecord {
        BatchRecord(
            id: 0,
            key: run.key,
            kind: kind,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: range.ids.first ?? 0,
            idEnd: range.ids.last ?? 0,
            coverStart: nil,
            itemIDs: range.ids.isDense ? nil : range.ids,
            count: range.count,
            weight: range.weight,
            worker: request.worker(at: answer.count),
            jobIdentifier: request.jobIdentifier,
            startedAt: now,
            leaseExpiresAt: leaseEnd
        )
    }
}
