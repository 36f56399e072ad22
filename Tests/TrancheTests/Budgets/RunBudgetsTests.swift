import Foundation
import Testing
import Tranche

@Suite("What stands in the way of runs") struct RunBudgetsTests {
    private static let key = RunKey(metaTable: "files", job: "j")
    private static let now = Date(timeIntervalSince1970: 1_700_000_000)

    private func budget(_ name: String = "api", batches: Int? = 2) -> Budget {
        Budget(.name(name), limits: BudgetLimits(batches: batches))
    }

    private func reasons(
        _ budgets: [Budget],
        names: Set<String> = ["api"],
        probes: [Probe] = []
    ) -> [String] {
        RunBudgets(budgets, names: [Self.key: names], probes: probes, at: Self.now)
            .obstacles(of: Self.key)
            .map { "\($0.owner.name ?? "own"): \($0.reason)" }
    }

    private func probe(_ isOpen: Bool?, _ reason: String, until: TimeInterval?) -> Probe {
        var probe = Probe("p", of: .name("api"), .http("http://h/up"))
        probe.state.isOpen = isOpen
        probe.state.reason = reason
        probe.state.openUntil = until.map { Self.now.addingTimeInterval($0) }
        return probe
    }

    @Test("Budgets with room stand in nobody's way, and so do those of other runs")
    func room() {
        #expect(reasons([budget()]) == [])
        var paused = budget()
        paused.pauseReason = ""
        #expect(reasons([paused]) == ["api: paused"])
        #expect(reasons([paused], names: ["other"]) == [])
        let own = Budget(.run(RunKey(metaTable: "files", job: "k")), limits: .init(batches: 0))
        #expect(reasons([own]) == [])
    }

    @Test("A run that refers to no budget falls under that of all")
    func ofAll() {
        #expect(reasons([budget("*", batches: 0)], names: []) == ["*: 0 batches are allowed"])
        #expect(reasons([budget("*", batches: 0)]) == [])
    }

    @Test("A parking is over by itself")
    func parking() {
        var budget = budget()
        budget.parking = BudgetParking(until: Self.now.addingTimeInterval(60), reason: "429")
        #expect(reasons([budget]) == ["api: parked: 429"])
        budget.parking = BudgetParking(until: Self.now, reason: "429")
        #expect(reasons([budget]) == [])
    }

    @Test("What is full has no room, and of a parallelism that is as it should be")
    func full() {
        var budget = budget()
        budget.held = BudgetUse(batches: 2, weight: 5)
        #expect(reasons([budget]) == ["api: no room"])
        var own = Budget(.run(Self.key), limits: BudgetLimits(batches: 2))
        own.held = BudgetUse(batches: 2, weight: 5)
        #expect(reasons([own]) == [])
    }

    @Test("A good answer that is merely old holds nothing back; none, or a bad one, does")
    func answers() {
        let budget = budget()
        #expect(reasons([budget], probes: [probe(true, "fine", until: 60)]) == [])
        #expect(reasons([budget], probes: [probe(true, "fine", until: -60)]) == [])
        let words = "api: probe 'p' holds back: "
        #expect(reasons([budget], probes: [probe(false, "busy", until: nil)]) == [words + "busy"])
        #expect(
            reasons([budget], probes: [probe(nil, "", until: nil)])
                == [words + "was not asked yet"]
        )
    }

    @Test("A window is looked at now, whenever somebody asked last")
    func window() throws {
        // 22:13:20 UTC.
        let isOpen = try TimeWindow("22:00-06:00", zone: "UTC")
        let isShut = try TimeWindow("06:00-22:00", zone: "UTC")
        for (window, count) in [(isOpen, 0), (isShut, 1)] {
            let probe = Probe("p", of: .name("api"), .window(window))
            #expect(reasons([budget()], probes: [probe]).count == count)
        }
    }

    @Test("A worker that drains waits for a probe, and for no other hold")
    func waiting() {
        let probe = NoBatchReason.heldBack(by: "p", reason: "busy", until: nil)
        #expect(probe.isWorthWaiting(for: .whenComplete))
        #expect(!probe.isWorthWaiting(for: .whenNothingIsReady))
        // Whatever the words of another hold are.
        let words = "probe 'p' holds back: busy"
        #expect("\(probe)" == "held: \(words)")
        for reason in ["the source was rewound", words] {
            let other = NoBatchReason.held(reason: reason, until: nil)
            #expect(!other.isWorthWaiting(for: .whenComplete))
        }
    }
}
