import Tranche

/// What limits the runs of a simulation.
struct SimulationLimits: Sendable {
    /// The budgets that all runs share, one in batches and one in weight.
    let budgets: [(name: String, limits: BudgetLimits)]
    /// How many batches of a run are held at once when it begins; `nil` for any number.
    let parallelism: Int?
    /// How often somebody changes a limit.
    let changes: Int
    /// Where the changes come from.
    let random: SplitMix64

    /// Decides what limits the runs: nothing, in three simulations of four.
    ///
    /// Chance is that of the limits alone, so that all else is as it would be without them.
    init?(seed: UInt64) {
        var random = SplitMix64(seed: seed ^ 0x6C69_6D69_7473)
        guard random.hits(oneIn: 4) else { return nil }
        budgets = [
            ("places-\(seed)", Self.places(&random)), ("weights-\(seed)", Self.weights(&random)),
        ]
        parallelism = random.pick([nil, 1, 2])
        changes = Int.random(in: 2...5, using: &random)
        self.random = random
    }

    /// The limits of a run that begins.
    var ofNewRun: RunLimits {
        RunLimits(parallelism: parallelism, budgets: budgets.map(\.name))
    }

    /// A limit of a budget in batches.
    static func places(_ random: inout SplitMix64) -> BudgetLimits {
        BudgetLimits(batches: random.pick([1, 1, 2, 3]))
    }

    /// A limit of a budget in weight; there are batches that are heavier.
    static func weights(_ random: inout SplitMix64) -> BudgetLimits {
        BudgetLimits(weight: random.pick([1, 3, 6, 12]))
    }
}
