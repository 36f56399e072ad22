import Foundation
import Tranche

/// One acquire while it is decided.
struct Acquire {
    let request: AcquireRequest
    let input: AcquireInput
    let now: Date
    var run: RunRecord
    /// What is handed out.
    private(set) var answer: [AcquireOutcome.HandedOut] = []
    /// Whether the single batch is a probe that ends an outage's hold.
    var isProbing = false

    /// What the run's budgets leave.
    var allowance: Allowance

    init(request: AcquireRequest, input: AcquireInput, run: RunRecord, now: Date) {
        allowance = Allowance([], of: run.key, now: now)
        self.request = request
        self.input = input
        self.run = run
        self.now = now
    }

    /// Whether the next batch is rather one that was never handed out.
    var probesNewFirst: Bool { isProbing && request.probesNewFirst(of: run) }

    /// How many batches may still be handed out.
    var left: Int {
        let most = isProbing ? 1 : request.slots.count
        return min(most, run.mostBeforePause ?? most) - answer.count
    }

    /// The worker that gets the next batch.
    var slot: AcquireRequest.Slot { request.slots[answer.count] }

    var leaseEnd: Date { now.advanced(by: run.policy.lease) }

    var demand: PlanDemand {
        PlanDemand(cursor: run.cursor, settling: run.settling, policy: run.policy, now: now)
    }

    mutating func add(_ batch: BatchRecord, items: [Item]? = nil, hasExpired: Bool = false) {
        answer.append(
            .init(
                record: batch,
                lease: run.policy.lease,
                execution: run.policy.execution,
                items: items,
                hasExpired: hasExpired
            )
        )
    }

    mutating func startProbe() {
        guard isProbing, let probe = answer.first?.record else { return }
        run.outage.startProbe(probe.id, attempt: probe.attempt, leaseEnd: leaseEnd)
    }
}
