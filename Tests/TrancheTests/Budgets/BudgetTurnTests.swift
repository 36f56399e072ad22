import Foundation
import Testing
import Tranche
import TrancheTestKit

/// Plays runs against a budget, second by second, with nothing but the rule and a made-up time.
@Suite("Whose turn it is under a budget") struct BudgetTurnTests {
    /// A run of the play.
    struct Player: Sendable, CustomTestStringConvertible {
        var share = 1.0
        var priority = 0
        var workers: Int
        var weight: Double
        /// How long a batch takes, in milliseconds.
        var time: Int64

        var testDescription: String { "\(workers) of \(weight), share \(share), \(time) ms" }
    }

    /// What came of a play.
    struct Outcome {
        /// What each run held in the mean.
        var held: [Double]
        /// The part of the budget that was held while somebody waited.
        var use: Double
        /// The longest time for which a run that wanted some was given none, in seconds.
        var longestWait: Double
    }

    @Test(
        "Each that waits holds its share in the long run, also of what does not divide",
        arguments: [(8, 3.0), (10, 3.0), (5, 3.0), (4, 1.0), (1, 1.0), (1, 3.0), (7, 2.0)]
    )
    func shares(batches: Int, share: Double) {
        let players = [
            Player(share: share, workers: batches, weight: 1, time: 20),
            Player(workers: batches, weight: 1, time: 20),
        ]
        let outcome = play(players, BudgetLimits(batches: batches), seconds: 60)
        let ratio = outcome.held[0] / outcome.held[1]
        #expect(abs(ratio - share) <= share * 0.1 + (batches == 1 ? 0.2 : 0), "\(outcome)")
        #expect(outcome.use > 0.94, "\(outcome)")
    }

    @Test("Equal runs hold as much each, and none waits for ever")
    func equals() {
        let players = (0..<8).map { _ in Player(workers: 4, weight: 1, time: 20) }
        let outcome = play(players, BudgetLimits(batches: 24), seconds: 20)
        for held in outcome.held { #expect(abs(held - 3) < 0.3, "\(outcome)") }
        #expect(outcome.use > 0.95, "\(outcome)")
        let one = play(players, BudgetLimits(batches: 1), seconds: 120)
        #expect(one.longestWait < 60, "\(one)")
        for held in one.held { #expect(held > 0.06, "\(one)") }
    }

    @Test(
        "A run of heavy batches gets its part beside light ones, short or long",
        arguments: [50, 500, 20_000] as [Int64]
    )
    func heavy(time: Int64) {
        let players = [
            Player(workers: 2, weight: 80, time: time), Player(workers: 12, weight: 10, time: time),
        ]
        let outcome = play(players, BudgetLimits(weight: 100), seconds: time > 1000 ? 4000 : 60)
        #expect(outcome.held[0] >= 40, "\(outcome)")
        #expect(outcome.held[1] >= 30, "\(outcome)")
        #expect(outcome.use > 0.9, "\(outcome)")
    }

    @Test("A heavy batch beside twenty light runs is not kept out")
    func crowd() {
        let light = (0..<20).map { _ in Player(workers: 2, weight: 10, time: 100) }
        let players = [Player(workers: 1, weight: 80, time: 100)] + light
        let outcome = play(players, BudgetLimits(weight: 100), seconds: 100)
        #expect(outcome.held[0] >= 0.8 * 100 / 21, "\(outcome)")
        #expect(outcome.use > 0.95, "\(outcome)")
    }

    @Test("A run that wants less than its part leaves the rest to others")
    func modest() {
        let players = [
            Player(workers: 1, weight: 1, time: 50), Player(workers: 12, weight: 1, time: 50),
        ]
        let outcome = play(players, BudgetLimits(batches: 8), seconds: 60)
        #expect(outcome.held[0] > 0.95, "\(outcome)")
        #expect(outcome.held[1] > 6.8, "\(outcome)")
    }

    @Test("A higher priority takes nearly all, and a lower one has one place in twenty-five")
    func priorities() {
        let players = [
            Player(priority: 1, workers: 8, weight: 1, time: 20),
            Player(workers: 8, weight: 1, time: 20),
        ]
        let outcome = play(players, BudgetLimits(batches: 8), seconds: 100)
        #expect(outcome.held[1] >= 0.04 * 8, "\(outcome)")
        #expect(outcome.held[1] <= 0.07 * 8, "\(outcome)")
    }

    /// Asked of Airflow (pull request 72730): what a look at the first so many leaves out starves,
    /// where the order is strict.
    @Test("A lower priority keeps its part beside many runs of a higher one")
    func manyOfHigher() {
        let higher = (0..<24).map { _ in Player(priority: 1, workers: 1, weight: 1, time: 100) }
        let lower = Player(workers: 8, weight: 1, time: 100)
        // Two of these seconds are for the lower.
        let outcome = play(higher + [lower], BudgetLimits(batches: 8), seconds: 40)
        #expect(outcome.held[24] >= 0.03 * 8, "\(outcome)")
        #expect(outcome.held[24] <= 0.1 * 8, "\(outcome)")
        #expect(outcome.use > 0.9, "\(outcome)")
    }

    @Test("A rate is shared as places are")
    func rate() {
        let players = [
            Player(share: 3, workers: 2, weight: 10, time: 1),
            Player(workers: 2, weight: 10, time: 1),
        ]
        let limits = BudgetLimits(rate: BudgetRate(1000, per: .seconds(1), burst: 20))
        let outcome = play(players, limits, seconds: 100)
        let ratio = outcome.held[0] / outcome.held[1]
        #expect(abs(ratio - 3) < 0.5, "\(outcome)")
    }

    // MARK: - The play

    private func play(_ players: [Player], _ limits: BudgetLimits, seconds: Int64) -> Outcome {
        var play = BudgetPlay(players, limits)
        return play.run(milliseconds: seconds * 1000)
    }
}

/// A budget, and the runs that ask it, at a made-up time.
private struct BudgetPlay {
    private struct Event {
        let at: Int64
        let order: Int
        let run: Int
        let worker: Int
        let ends: Bool
        let look: Int
    }

    private let players: [BudgetTurnTests.Player]
    private let keys: [RunKey]
    private var budget: Budget
    private var events: [Event] = []
    private var order = 0
    private var random = SplitMix64(seed: 1)
    private var lastIn: [Int64]
    private var longestWait: Int64 = 0

    init(_ players: [BudgetTurnTests.Player], _ limits: BudgetLimits) {
        self.players = players
        let keys = players.indices.map { RunKey(metaTable: "files", job: "job-\($0)") }
        self.keys = keys
        budget = Budget(.name("shared"), limits: limits)
        budget.claims = zip(keys, players).map { key, player in
            BudgetClaim(
                run: key,
                rank: BudgetRank(share: player.share, priority: player.priority)
            )
        }
        lastIn = players.map { _ in 0 }
        for (run, player) in players.enumerated() {
            for worker in 0..<player.workers {
                add(Int64.random(in: 0..<10, using: &random), run, worker)
            }
        }
    }

    private mutating func add(
        _ at: Int64,
        _ run: Int,
        _ worker: Int,
        ends: Bool = false,
        look: Int = 0
    ) {
        order += 1
        let event = Event(at: at, order: order, run: run, worker: worker, ends: ends, look: look)
        let place = events.firstIndex { ($0.at, $0.order) > (event.at, event.order) }
        events.insert(event, at: place ?? events.endIndex)
    }

    mutating func run(milliseconds end: Int64) -> BudgetTurnTests.Outcome {
        var held = players.map { _ in 0.0 }
        var (used, wanted) = (0.0, 0.0)
        var last: Int64 = 0
        let isByWeight = budget.limits.weight != nil
        let capacity = budget.limits.weight ?? budget.limits.batches.map(Double.init) ?? 1
        while let event = events.first, event.at < end {
            events.removeFirst()
            let now = Date(milliseconds: event.at)
            let time = Double(event.at - last)
            for run in players.indices {
                let use = budget.claims[run].held
                held[run] += (isByWeight ? use.weight : Double(use.batches)) * time
            }
            if budget.claims.contains(where: { $0.wait(at: now) != nil }) {
                used += (isByWeight ? budget.held.weight : Double(budget.held.batches)) * time
                wanted += capacity * time
            }
            last = event.at
            handle(event, now)
        }
        return BudgetTurnTests.Outcome(
            held: held.map { $0 / Double(end) },
            use: wanted > 0 ? used / wanted : 1,
            longestWait: Double(longestWait) / 1000
        )
    }

    private mutating func handle(_ event: Event, _ now: Date) {
        let player = players[event.run]
        if event.ends {
            budget.claims[event.run].held.batches -= 1
            budget.claims[event.run].held.weight -= player.weight
            budget.held.batches -= 1
            budget.held.weight -= player.weight
        }
        let worker = "\(event.run)/\(event.worker)"
        var allowance = Allowance([budget], of: keys[event.run], now: now)
        guard allowance.admit(weight: player.weight) else {
            wait(event, worker, now, allowance)
            return
        }
        longestWait = max(longestWait, event.at - lastIn[event.run])
        lastIn[event.run] = event.at
        budget.claims[event.run].held.batches += 1
        budget.claims[event.run].held.weight += player.weight
        budget.held.batches += 1
        budget.held.weight += player.weight
        if let rate = budget.limits.rate {
            let full = BudgetTokens(count: rate.burst, at: now)
            budget.tokens = (budget.tokens ?? full).grown(until: now, at: rate)
            budget.tokens?.count -= player.weight
        }
        let wait = budget.claims[event.run].wait(at: now)
        budget.claims[event.run].wait = wait?.afterLettingIn([worker], now: now)
        let time = Int64.random(in: player.time * 4 / 5...player.time * 6 / 5, using: &random)
        add(event.at + max(time, 1), event.run, event.worker, ends: true)
    }

    private mutating func wait(
        _ event: Event,
        _ worker: String,
        _ now: Date,
        _ allowance: Allowance
    ) {
        if let wait = allowance.wait {
            let claim = budget.claims[event.run]
            if claim.wait.map({ $0.until < now.addingTimeInterval(1) }) ?? true {
                budget.claims[event.run].wait = BudgetWait(
                    for: wait.weight,
                    after: claim,
                    by: worker,
                    now: now
                )
            }
        }
        let longest = max(100, players[event.run].time / 20)
        let pause = min(longest, 5 << Int64(min(event.look, 10)))
        add(event.at + pause, event.run, event.worker, look: event.look + 1)
    }
}
