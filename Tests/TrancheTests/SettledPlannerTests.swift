import Foundation
import Testing
import Tranche

@Suite("Settled planner")
struct SettledPlannerTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func demand(cursor: Int64?, lag: Duration = .zero) -> PlanDemand {
        var policy = RunPolicy()
        policy.settleLag = lag
        return PlanDemand(
            cursor: cursor,
            settling: SettlingState(),
            policy: policy,
            now: Self.now
        )
    }

    private func observation(_ highest: Int64?, by holders: Set<String> = []) -> WriterObservation {
        WriterObservation(highestID: highest, epoch: "1", holders: holders)
    }

    @Test("Ids are planned up to the highest that was there when nobody wrote")
    func ceiling() throws {
        var planner = SettledPlanner(
            demand(cursor: 5),
            within: IDBounds(1...100),
            isObservable: true
        )
        #expect(planner.ceiling == nil)
        #expect(planner.settledBounds == nil)
        planner.observe(observation(40))
        #expect(planner.ceiling == 40)
        #expect(planner.settledBounds == IDBounds(1...40))
    }

    @Test("While somebody writes, nothing new is planned, and what is there is waited for")
    func writers() throws {
        var planner = SettledPlanner(demand(cursor: 5), within: IDBounds(), isObservable: true)
        planner.observe(observation(40, by: ["writer"]))
        #expect(planner.settledBounds == nil)
        let plan = try planner.settled(planner.emptyPlan())
        #expect(plan.isUnsettled)
        #expect(plan.highestID == 40)
        #expect(plan.settling?.candidate == 40)
    }

    @Test(
        "A cursor at the ceiling waits only for ids that the run may use",
        arguments: [
            (Int64(40), IDBounds(), false), (50, IDBounds(), true), (50, IDBounds(1...40), false),
            (50, IDBounds(lower: 60), false), (50, IDBounds(1...45), true),
        ]
    )
    func atCeiling(highest: Int64, bounds: IDBounds, isUnsettled: Bool) throws {
        var planner = SettledPlanner(demand(cursor: 40), within: bounds, isObservable: true)
        planner.observe(observation(40))
        planner.observe(observation(highest, by: ["writer"]))
        #expect(planner.settledBounds == nil)
        #expect(try planner.settled(planner.emptyPlan()).isUnsettled == isUnsettled)
    }

    @Test("An id that was met above the ceiling is waited for, though it came after the look")
    func metLater() throws {
        var planner = SettledPlanner(demand(cursor: 40), within: IDBounds(), isObservable: true)
        planner.observe(observation(40))
        #expect(try planner.settled(planner.emptyPlan(), isCut: true).isUnsettled)
        #expect(try !planner.settled(planner.emptyPlan()).isUnsettled)
    }

    @Test("Where nobody can be observed there is no ceiling, even for the highest id of all")
    func noCeiling() throws {
        let bounds = IDBounds(lower: 3)
        let planner = SettledPlanner(demand(cursor: .max), within: bounds, isObservable: false)
        #expect(!planner.needsObservation)
        #expect(planner.ceiling == .max)
        #expect(planner.settledBounds == bounds)
        #expect(try planner.settled(planner.emptyPlan()).settling == nil)
    }

    @Test("A lag alone makes a ceiling")
    func lag() {
        let planner = SettledPlanner(
            demand(cursor: nil, lag: .seconds(5)),
            within: IDBounds(),
            isObservable: false
        )
        #expect(planner.needsObservation)
        #expect(planner.settledBounds == nil)
    }
}
