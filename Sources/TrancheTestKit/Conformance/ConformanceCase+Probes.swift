import Foundation
import Tranche

extension ConformanceCase {
    /// What holds back runs and budgets from outside.
    static let probes: [ConformanceCase] = [
        ConformanceCase("Nothing is handed out under a probe before it was asked") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(1)
            let key = try await bench.key()
            // Nobody here can ask it.
            try await bench.inventory.setProbe(Probe("up", of: .run(key), .http("http://h/up")))
            try await batch.heartbeat()
            try await batch.succeed()
            let none = try await bench.takeNone()
            guard case .heldBack("up", let reason, _) = none else {
                throw ConformanceFailure("the probe is not the reason")
            }
            try requireEqual(reason, "was not asked yet", "its answer")
            let words = "held: probe 'up' holds back: was not asked yet"
            try require("\(none)".hasPrefix(words), "the reason in words is \(none)")
            try await bench.inventory.removeProbe("up")
            _ = try await bench.take(1)
            try requireEqual(try await bench.inventory.budgets(of: key).isEmpty, true, "the rest")
            try await requireRefused(.unknownProbe, "to remove it again") {
                try await bench.inventory.removeProbe("up")
            }
        },
        ConformanceCase("A time window lets go on while it is open") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.inventory.setBudget("night", BudgetLimits(batches: 5))
            _ = try await bench.take(1)
            try await bench.inventory.setBudgets(["night"], of: try await bench.key())
            let window = try bench.window(from: 60, to: 120)
            try await bench.inventory.setProbe(Probe("night", of: .name("night"), .window(window)))
            let closed = try await bench.takeNone()
            let opening = bench.window(minute: 60)
            try requireEqual(
                closed,
                .heldBack(by: "night", reason: "outside \(window)", until: opening),
                "the reason before it opens"
            )
            bench.clock.advance(by: .seconds(opening.timeIntervalSince(bench.clock.date)))
            let batch = try await bench.take(1)
            try await batch.succeed()
            bench.clock.advance(by: .seconds(3599))
            _ = try await bench.take(1)
            bench.clock.advance(by: .seconds(1))
            guard case .heldBack = try await bench.takeNone() else {
                throw ConformanceFailure("it does not hold back after it has closed")
            }
            // What is known of it goes with its budget.
            try await bench.inventory.setBudgets([], of: try await bench.key())
            try await bench.inventory.change(budget: "night", .remove)
            try requireEqual(try await bench.inventory.probes(), [], "what is left of it")
            _ = try await bench.take(1)
        },
        ConformanceCase("Of two who claim a probe one gets it, and it is asked anew when replaced")
        {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            try await bench.inventory.setBudget("b", BudgetLimits(batches: 5))
            let probe = Probe("up", of: .name("b"), .sql("SELECT 1", database: nil))
            try await bench.inventory.setProbe(probe)
            let known = try requireSome(try await bench.inventory.probes().first, "it")
            try requireEqual(known, probe, "what is kept")
            var state = known.state
            state.isOpen = true
            state.openUntil = bench.clock.date.addingTimeInterval(60)
            try requireEqual(try await bench.store.save(state, ofProbe: "up"), true, "the first")
            try requireEqual(try await bench.store.save(state, ofProbe: "up"), false, "the second")
            let budget = try requireSome(try await bench.inventory.budgets().first, "the budget")
            try requireEqual(budget.openUntil, state.openUntil, "until when it is open")
            try await bench.inventory.setProbe(probe)
            let anew = try await bench.inventory.probes().first?.state.openUntil
            try requireEqual(anew, nil, "until when it is open after that")
            let known2 = try await bench.inventory.changes(.of(.name("b"))).map(\.what)
            try requireEqual(known2, ["probe up", "probe up", "limits"], "what was changed")
        },
        ConformanceCase("A run's probe stays when its parallelism goes") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.take(1)
            let key = try await bench.key()
            try await bench.inventory.setParallelism(4, of: key)
            let window = try bench.window(from: 60, to: 120)
            try await bench.inventory.setProbe(Probe("later", of: .run(key), .window(window)))
            try await bench.inventory.setParallelism(nil, of: key)
            guard case .heldBack = try await bench.takeNone() else {
                throw ConformanceFailure("the probe is gone")
            }
            try await bench.inventory.setParallelism(1, of: key)
            try await bench.inventory.removeProbe("later")
            try await bench.requireLimited(by: "parallelism")
            try await bench.inventory.setParallelism(nil, of: key)
            _ = try await bench.take(1)
        },
        ConformanceCase("A run that its probe has left for a budget is limited by nothing") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.take(1)
            let key = try await bench.key()
            try await bench.inventory.setBudget("other", BudgetLimits(batches: 5))
            let question = ProbeQuestion.http("http://h/up")
            try await bench.inventory.setProbe(Probe("up", of: .run(key), question))
            guard case .heldBack = try await bench.takeNone() else {
                throw ConformanceFailure("the probe does not hold back the run")
            }
            try await bench.inventory.setProbe(Probe("up", of: .name("other"), question))
            try requireEqual(try await bench.inventory.budgets(of: key).isEmpty, true, "the rest")
            try requireEqual(try await bench.run().isLimited, false, "whether it is limited")
            _ = try await bench.take(1)
            let owners = try await bench.inventory.probes().map(\.owner)
            try requireEqual(owners, [.name("other")], "what the probe holds back")
        },
        ConformanceCase("A probe of an unknown budget or run is refused, and one with a password") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let question = ProbeQuestion.http("http://h/up")
            try await requireRefused(.unknownBudget, "a probe of no budget") {
                try await bench.inventory.setProbe(Probe("up", of: .name("none"), question))
            }
            let key = RunKey(metaTable: "none", job: "none", run: "")
            try await requireRefused(.unknownRun, "a probe of no run") {
                try await bench.inventory.setProbe(Probe("up", of: .run(key), question))
            }
            try await bench.inventory.setBudget("b", BudgetLimits(batches: 5))
            let secret = ProbeQuestion.http("http://u:secret@h/up")
            try await requireRefused(.invalidArgument, "a probe with a password") {
                try await bench.inventory.setProbe(Probe("up", of: .name("b"), secret))
            }
            try requireEqual(try await bench.inventory.probes(), [], "what was made")
        },
    ]
}

extension Bench {
    /// The minute of the day, in UTC, that is some minutes after the next full one.
    private func minute(_ offset: Int) -> Int {
        (Int(clock.date.timeIntervalSince1970 / 60) + 1 + offset) % 1440
    }

    /// When that is.
    fileprivate func window(minute offset: Int) -> Date {
        Date(
            timeIntervalSince1970: ((clock.date.timeIntervalSince1970 / 60).rounded(.down)
                + 1 + Double(offset)) * 60
        )
    }

    /// A window that opens and closes so many minutes after the next full one.
    fileprivate func window(from start: Int, to end: Int) throws -> TimeWindow {
        let text = [start, end].map { offset -> String in
            let minute = minute(offset)
            let parts = [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
            return parts.joined(separator: ":")
        }
        return try TimeWindow(text.joined(separator: "-"), zone: "UTC")
    }
}
