import Foundation
import Testing
import Tranche

@Suite struct BudgetExcessTests {
    private static func lease(_ seconds: Double, _ weight: Double = 1) -> BudgetLease {
        BudgetLease(until: Date(timeIntervalSince1970: seconds), weight: weight)
    }

    private static func budget(
        _ limits: BudgetLimits,
        holding leases: [BudgetLease]
    ) -> Budget {
        let weight = leases.reduce(0) { $0 + $1.weight }
        return Budget(
            .name("b"),
            limits: limits,
            held: BudgetUse(batches: leases.count, weight: weight)
        )
    }

    @Test("What is held beyond is out when as many leases have ended as there are too many batches")
    func batches() {
        let leases = [Self.lease(40), Self.lease(10), Self.lease(30), Self.lease(20)]
        let budget = Self.budget(BudgetLimits(batches: 2), holding: leases)
        #expect(budget.excessEnd(leases) == Self.lease(20).until)
        let none = Self.budget(BudgetLimits(batches: 0), holding: leases)
        #expect(none.excessEnd(leases) == Self.lease(40).until)
        let room = Self.budget(BudgetLimits(batches: 4), holding: leases)
        #expect(room.excessEnd(leases) == nil)
    }

    @Test("Weight beyond is out when the leases of as much have ended; one batch may be heavier")
    func weight() {
        let leases = [Self.lease(10, 1), Self.lease(20, 50), Self.lease(30, 20)]
        #expect(
            Self.budget(BudgetLimits(weight: 25), holding: leases).excessEnd(leases)
                == Self.lease(20).until
        )
        // The last one alone is heavier than the budget.
        #expect(
            Self.budget(BudgetLimits(weight: 5), holding: leases).excessEnd(leases)
                == Self.lease(20).until
        )
    }

    @Test("Leases that have ended do not count")
    func ended() {
        let live = [Self.lease(100), Self.lease(110), Self.lease(120)]
        let budget = Self.budget(BudgetLimits(batches: 1), holding: live)
        #expect(budget.excessEnd([Self.lease(1), Self.lease(2)] + live) == Self.lease(110).until)
    }
}
