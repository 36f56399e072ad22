import Foundation
import Tranche

/// The one who changes what limits the runs of a simulation while others work on them; each change
/// is a step.
struct SimulatedOperator: Sendable {
    private let store: any InventoryStore
    private let runs: [RunKey]
    private let clock: ManualClock
    private let ledger: SimulationLedger
    private let gate: Gate
    private let limits: SimulationLimits
    private var random: SplitMix64

    init(
        store: any InventoryStore,
        runs: [RunKey],
        clock: ManualClock,
        ledger: SimulationLedger,
        gate: Gate,
        limits: SimulationLimits
    ) {
        self.store = store
        self.runs = runs
        self.clock = clock
        self.ledger = ledger
        self.gate = gate
        self.limits = limits
        random = limits.random
    }

    /// Changes limits now and then.
    mutating func work() async throws {
        for _ in 0..<limits.changes {
            let pause = Int.random(in: 0...5000, using: &random)
            try await gate.wait("sleep", clock.date.advanced(by: .milliseconds(pause)))
            switch random.pick([0, 1, 2, 2]) {
            case 0:
                let places = SimulationLimits.places(&random)
                try await change(limits.budgets[0].name, to: places)
            case 1:
                let weights = SimulationLimits.weights(&random)
                try await change(limits.budgets[1].name, to: weights)
            default:
                let run = random.pick(runs)
                let batches: Int? = random.pick([nil, 0, 1, 1, 2])
                try await change(run, to: batches)
            }
        }
    }

    /// Ends what would last forever.
    func loosen() async throws {
        for run in runs { try await change(run, to: 1) }
    }

    private func change(_ name: String, to limits: BudgetLimits) async throws {
        try await gate.pass("change")
        _ = try await store.change(budget: name, .limits(limits), ChangeNote())
        gate.note("\(name): \(limits.text)")
        ledger.limit(name, to: limits)
    }

    private func change(_ run: RunKey, to batches: Int?) async throws {
        try await gate.pass("change")
        do {
            try await store.setParallelism(batches, of: run, ChangeNote())
        } catch let error as TrancheError where error.code == .unknownRun {
            // It has not begun, and begins with what it would have begun with.
            return
        }
        gate.note("parallelism of '\(run.run)': \(batches.map(String.init) ?? "any")")
        ledger.limit(run: run.run, to: batches)
    }
}
