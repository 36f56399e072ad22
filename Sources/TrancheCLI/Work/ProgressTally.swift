import Tranche

/// What a group of workers has done so far, in numbers and words.
struct ProgressTally: Sendable {
    var weighsBytes: Bool
    var hasWeights: Bool
    var startedAt = ContinuousClock.now
    var running = 0
    var succeeded = 0
    var failed = 0
    var released = 0
    var deferred = 0
    var lost = 0
    var cancelled = 0
    var items = 0
    var weight = 0.0
    /// What was still to do at the start, where that was cheap to know.
    var planned: Load?

    /// An amount of work.
    struct Load: Sendable, Hashable {
        var items: Int
        var weight: Double
    }

    /// Batches that failed or were given back, and have not succeeded since.
    private(set) var unfinished: Set<Int64> = []

    /// Notes how an attempt at a batch ended.
    ///
    /// - Parameters:
    ///   - end: How.
    ///   - batch: The batch's number.
    ///   - items: How many items it has.
    ///   - weight: What they weigh.
    mutating func note(_ end: BatchEnd, _ batch: Int64, items: Int, weight: Double) {
        switch end {
        case .succeeded:
            succeeded += 1
            self.items += items
            add(weight: weight)
        case .released: released += 1
        case .deferred: deferred += 1
        case .lost: lost += 1
        case .cancelled: cancelled += 1
        case .failed, .failedForGood, .split, .quarantined: failed += 1
        }
        if end.isFinished { unfinished.remove(batch) } else { unfinished.insert(batch) }
    }

    /// Whether no batch has ended.
    var isEmpty: Bool { succeeded + failed + released + deferred + lost + cancelled == 0 }

    /// The live line.
    func line(elapsed: Duration) -> String {
        var parts = [amount]
        if let rate = rate(elapsed) { parts.append(rate) }
        parts.append("\(running) running")
        if let left = timeLeft(elapsed) { parts.append("ETA \(left.words)") }
        return (parts + troubles).joined(separator: ", ")
    }

    /// The last line.
    func summary(elapsed: Duration) -> String {
        let rate = rate(elapsed).map { " (\($0))" } ?? ""
        return "done: "
            + (["\(amount) in \(elapsed.words)\(rate)"] + troubles).joined(separator: ", ")
    }

    /// Adds a weight; a sum beyond all numbers is the highest.
    mutating func add(weight: Double) {
        self.weight = self.weight.addingClamped(weight)
    }

    /// A weight as people read it; items where there are no weights.
    func words(items: Int, weight: Double) -> String {
        let count = "\(HumanText.number(items)) \(items == 1 ? "item" : "items")"
        return hasWeights ? count + ", " + HumanText.weight(weight, isBytes: weighsBytes) : count
    }

    private var amount: String {
        let batches = "\(HumanText.number(succeeded)) \(succeeded == 1 ? "batch" : "batches")"
        return batches + ", " + words(items: items, weight: weight)
    }

    private var troubles: [String] {
        [
            (failed, "failed"), (released, "released"), (deferred, "deferred"), (lost, "lost"),
            (cancelled, "cancelled"),
        ]
        .filter { $0.0 > 0 }
        .map { "\($0.0) \($0.1)" }
    }

    private func rate(_ elapsed: Duration) -> String? {
        let seconds = elapsed / .seconds(1)
        guard seconds > 0.05, succeeded > 0 else { return nil }
        if hasWeights, weight > 0 {
            let rate = weight / seconds
            return HumanText.weight(rate >= 10 ? rate.rounded() : rate, isBytes: weighsBytes) + "/s"
        }
        return HumanText.fixed(Double(items) / seconds, 1) + " items/s"
    }

    /// How long the rest takes at the pace so far.
    private func timeLeft(_ elapsed: Duration) -> Duration? {
        guard let planned, succeeded > 0 else { return nil }
        let isWeighed = hasWeights && planned.weight > 0
        let done = isWeighed ? weight : Double(items)
        let left = isWeighed ? planned.weight - weight : Double(planned.items - items)
        guard done > 0, left > 0 else { return nil }
        return .seconds((elapsed / .seconds(1) * left / done).rounded(.up))
    }
}
