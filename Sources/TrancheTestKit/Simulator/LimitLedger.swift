import Foundation
import Synchronization
import Tranche

/// What limits the runs of a simulation, as it was said; what is held is told by the batches.
struct LimitLedger: Sendable {
    /// By name, the limits of the budgets that all runs share.
    fileprivate var budgets: [String: BudgetLimits] = [:]
    /// By run, how many batches may be held at once.
    fileprivate var parallelism: [String: Int] = [:]
    /// By run, when a budget refused it last.
    fileprivate var refusedAt: [String: Date] = [:]

    /// Whether anything limits the runs.
    var areAny: Bool { !budgets.isEmpty }

    /// How long a run that was refused may be waited for, by what budgets promise.
    fileprivate static let patience: TimeInterval = 2
}

extension SimulationLedger {
    /// Notes the limits that a budget has from now on.
    func limit(_ name: String, to limits: BudgetLimits) {
        state.withLock { $0.limits.budgets[name] = limits }
    }

    /// Notes how many batches of a run may be held at once from now on.
    func limit(run: String, to batches: Int?) {
        state.withLock { $0.limits.parallelism[run] = batches }
    }

    /// Checks that something stands in the way of a run that a budget, or its parallelism, refused.
    func refuse(_ run: String, by name: String) throws {
        let now = Date(milliseconds: clock.date.milliseconds)
        try state.withLock { state in
            state.report.limited += 1
            try state.requireObstacle(of: run, under: name, at: now)
            state.limits.refusedAt[run] = now
        }
    }
}

extension SimulationLedger.State {
    /// How many batches attempts hold whose lease lasts, and their weight.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - run: Whose; `nil` (the default) for all runs.
    /// - Returns: The number and the weight.
    private func held(at now: Date, of run: String? = nil) -> (batches: Int, weight: Double) {
        let held = batches.values.filter { known in
            let isMeant = run.map { $0 == known.record.key.run } ?? true
            return isMeant && known.end == nil && known.leaseEnd > now
        }
        return (held.count, held.reduce(0) { $0 + ($1.record.weight ?? 0) })
    }

    /// Checks that no more is held than is allowed, now that a batch was let in.
    func requireRoom(for record: BatchRecord, at now: Date) throws {
        guard limits.areAny else { return }
        let all = held(at: now)
        for (name, limits) in limits.budgets.sorted(by: { $0.key < $1.key }) {
            let hasRoom = limits.batches.map { all.batches <= $0 } ?? true
            // One that is heavier goes alone.
            let isLight = limits.weight.map { all.weight <= $0 * 1.000_000_001 } ?? true
            guard hasRoom, isLight || all.batches == 1 else {
                throw Violation(
                    "\(record.words) was let in, and \(all.batches) batches of weight "
                        + "\(all.weight) are held under '\(name)', which allows \(limits.text)"
                )
            }
        }
        let run = record.key.run
        guard let most = limits.parallelism[run] else { return }
        let own = held(at: now, of: run).batches
        guard own <= most else {
            throw Violation(
                "\(record.words) was let in, and \(own) batches of run '\(run)' are held, which "
                    + "allows \(most)"
            )
        }
    }

    /// Checks that a run was refused for what is held, or for another run that waits.
    fileprivate func requireObstacle(of run: String, under name: String, at now: Date) throws {
        guard limits.budgets[name] != nil else {
            let own = held(at: now, of: run).batches
            guard name == "parallelism", let most = limits.parallelism[run], own >= most else {
                throw Violation("run '\(run)' holds \(own) batches, and was refused by \(name)")
            }
            return
        }
        let isWaitedFor = limits.refusedAt.contains { other, time in
            other != run && now.timeIntervalSince(time) <= LimitLedger.patience
        }
        guard isWaitedFor || held(at: now).batches > 0 else {
            throw Violation(
                "run '\(run)' was refused by '\(name)', although nothing is held, and nobody waits"
            )
        }
    }
}
