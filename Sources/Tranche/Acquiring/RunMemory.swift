import FoundationEssentials
import Synchronization

/// How runs were last seen by this process: from this, planning may begin before the store is
/// asked.
final class RunMemory: Sendable {
    private let demands = Mutex<[RunKey: (demand: PlanDemand, at: ContinuousClock.Instant)]>([:])
    private let timed = Mutex<[TimedRun: IDBounds]>([:])
    private let now: (@Sendable () -> Date)?

    /// Makes an empty memory.
    ///
    /// - Parameter now: The inventory's time, where it is not the store's own.
    init(now: (@Sendable () -> Date)?) {
        self.now = now
    }

    /// How a run was last seen, with the time as it is now; `nil` for one that was not seen.
    func demand(of key: RunKey) -> PlanDemand? {
        guard let known = demands.withLock({ $0[key] }) else { return nil }
        var demand = known.demand
        demand.now =
            now?() ?? demand.now.addingTimeInterval((ContinuousClock.now - known.at).seconds)
        return demand
    }

    /// A run that is bounded by time.
    struct TimedRun: Hashable {
        let key: RunKey
        let time: SourceTime
    }

    /// The ids that were found for a run that is bounded by time.
    func timedIDs(of run: TimedRun) -> IDBounds? { timed.withLock { $0[run] } }

    /// Keeps the ids of a run that is bounded by time.
    func note(_ ids: IDBounds, of run: TimedRun) { timed.withLock { $0[run] = ids } }

    /// Forgets the ids of a run's time, which may be others now.
    func forgetTime(of key: RunKey) {
        timed.withLock { $0 = $0.filter { $0.key.key != key } }
    }

    /// Keeps what the store said.
    func note(_ demand: PlanDemand, of key: RunKey) {
        demands.withLock { $0[key] = (demand, .now) }
    }

    /// Keeps what a plan has observed, so that what is waited for is waited for once.
    func note(_ settling: SettlingState?, of key: RunKey) {
        guard let settling else { return }
        demands.withLock { $0[key]?.demand.settling = settling }
    }

    /// Keeps where the cursor stands after a batch.
    func note(cursor: Int64, settling: SettlingState?, of key: RunKey) {
        demands.withLock { demands in
            demands[key]?.demand.cursor = cursor
            if let settling { demands[key]?.demand.settling = settling }
        }
    }
}
