/// Applies the rule of the settled ceiling to a plan: the one place that says which ids a run may
/// hand out while others write.
///
/// The order makes the ceiling a proof: first the highest id is read, then the writers that are
/// there, and after that the rows. Up to the ceiling, every id is committed or gone for good.
package struct SettledPlanner {
    private let demand: PlanDemand
    private let bounds: IDBounds
    /// Whether what may be handed out depends on the writers, or on how long ids have been known.
    private let hasCeiling: Bool
    private var observation: WriterObservation?
    /// How far ids may be handed out, as far as is known now.
    package private(set) var settling: SettlingState

    /// Makes a planner.
    ///
    /// - Parameters:
    ///   - demand: Where the run stands.
    ///   - bounds: The ids that the run may use.
    ///   - isObservable: Whether the writers of the source can be observed.
    package init(_ demand: PlanDemand, within bounds: IDBounds, isObservable: Bool) {
        self.demand = demand
        self.bounds = bounds
        hasCeiling = isObservable || demand.policy.settleLag > .zero
        settling = demand.settling
    }

    /// The highest id that may be handed out; `nil` before the first was found.
    package var ceiling: Int64? { hasCeiling ? settling.ceiling : .max }

    /// Whether the plan has to be made of an observation: what is known does not suffice for one.
    package var needsObservation: Bool { hasCeiling && observation == nil }

    /// The ids that may be planned now; `nil` when the cursor stands at the ceiling.
    package var settledBounds: IDBounds? {
        guard hasCeiling else { return bounds }
        guard let ceiling, demand.cursor.map({ $0 < ceiling }) ?? true else { return nil }
        return IDBounds(lower: bounds.lower, upper: min(bounds.upper ?? .max, ceiling))
    }

    /// Takes an observation into account.
    package mutating func observe(_ observation: WriterObservation) {
        self.observation = observation
        settling.observe(
            observation,
            now: demand.now,
            wait: demand.policy.settleWait,
            lag: demand.policy.settleLag
        )
    }

    /// A plan without ranges, for a cursor that stands at the ceiling.
    package func emptyPlan() -> RangePlan {
        RangePlan(cursor: demand.cursor, ranges: [], scannedTo: nil, reachedEnd: true)
    }

    /// Completes a plan of the ids up to the ceiling.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - isCut: Whether an id above the ceiling was met.
    /// - Returns: The plan with what was observed, and whether there is more to wait for.
    /// - Throws: ``TrancheError`` `.invalidItem` where all there is to wait for has no age that can
    ///   be known.
    package func settled(_ plan: RangePlan, isCut: Bool = false) throws -> RangePlan {
        var plan = plan
        plan.isUnsettled = isCut
        guard let observation else { return plan }
        plan.settling = settling
        plan.highestID = observation.highestID
        if plan.reachedEnd, let highest = observation.highestID, isOpen(highest) {
            plan.isUnsettled = true
        }
        try observation.requireTimely(plan)
        return plan
    }

    /// Whether an id lies above the ceiling, where the run may hand it out later: behind the run's
    /// own end others may write forever.
    private func isOpen(_ id: Int64) -> Bool {
        let (lower, upper) = (bounds.lower ?? .min, bounds.upper ?? .max)
        let passed = max(demand.cursor ?? .min, settling.ceiling ?? .min)
        return id > passed && passed < upper && id >= lower
    }
}
