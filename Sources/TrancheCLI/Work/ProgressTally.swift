import Tranche

/// What a group of workers has done so far, in numbers and words.
struct ProgressTally: Sendable {
    var weighsBytes: Bool
    var hasWeights: Bool
    var succeeded = 0
    var failed = 0
    var released = 0
    var deferred = 0
    var lost = 0
    var cancelled = 0
    /// Batches that were given back before work on them began.
    private(set) var givenBack = 0
    /// Items that are known to be bad.
    var bad = 0
    var items = 0
    var weight = 0.0
    /// The remaining work at the start, if it was cheap to know.
    var planned: Load?

    /// What is worked on now, by batch.
    private var inHand: [Int64: Load] = [:]

    init(weighsBytes: Bool, hasWeights: Bool) {
        self.weighsBytes = weighsBytes
        self.hasWeights = hasWeights
    }

    /// How many batches are worked on now.
    var running: Int { inHand.count }

    /// An amount of work.
    struct Load: Sendable, Hashable {
        var items: Int
        var weight: Double
    }

    /// Batches that failed or were given back, and have not succeeded since.
    private(set) var unfinished: Set<Int64> = []

    /// Notes that work on a batch begins.
    mutating func begin(_ batch: Int64, items: Int, weight: Double) {
        inHand[batch] = Load(items: items, weight: weight)
    }

    /// Notes that work on a batch is over.
    mutating func finish(_ batch: Int64) { inHand[batch] = nil }

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
        case .succeededInPart(let success, _):
            let done = success.done
            succeeded += 1
            self.items += done.items
            add(weight: done.weight)
        case .released: released += 1
        case .deferred: deferred += 1
        case .lost: lost += 1
        case .cancelled: cancelled += 1
        case .failed, .failedForGood, .split, .quarantined: failed += 1
        }
        bad += end.bad.count
        if case .quarantined = end { bad += items }
        if end.isFinished { unfinished.remove(batch) } else { unfinished.insert(batch) }
    }

    /// Notes that batches were given back before work on them began.
    mutating func giveBack(_ batches: [Int64]) {
        givenBack += batches.count
        unfinished.formUnion(batches)
    }

    /// Whether no batch has ended.
    var isEmpty: Bool {
        succeeded + failed + released + deferred + lost + cancelled + givenBack == 0
    }

    /// The live line.
    ///
    /// - Parameters:
    ///   - elapsed: How long the work goes on.
    ///   - width: How many characters fit.
    /// - Returns: The line, with a bar in front where it is known how much there is to do.
    func line(elapsed: Duration, width: Int = 100) -> String {
        var parts = [amount]
        if let rate = rate(elapsed) { parts.append(rate) }
        parts.append("\(running) running")
        // While nothing runs, nothing tells when what is left will begin.
        if running > 0, let left = timeLeft(elapsed) { parts.append("ETA \(left.words)") }
        let bar = bar(width >= 100 ? 20 : 10).map { $0 + " " } ?? ""
        let troubles = troubles(failed: "\(HumanText.number(failed)) failed")
        return bar + (parts + troubles).joined(separator: ", ")
    }

    /// What is done (`#`) and worked on now (`=`) of all there is to do, and the percent done.
    private func bar(_ length: Int) -> String? {
        guard let planned else { return nil }
        let isWeighed = hasWeights && planned.weight > 0
        let all = isWeighed ? planned.weight : Double(planned.items)
        guard all > 0 else { return nil }
        func share(_ part: Double) -> Double {
            let share = part / all
            return share.isFinite ? min(max(share, 0), 1) : 1
        }
        let ended = isWeighed ? weight : Double(items)
        let done = share(ended)
        let held = inHand.values.reduce(0.0) { $0 + (isWeighed ? $1.weight : Double($1.items)) }
        let filled = Int((done * Double(length)).rounded(.down))
        let begun = held > 0 ? Int((share(ended + held) * Double(length)).rounded(.up)) : filled
        let marks = String(repeating: "#", count: filled)
        let running = String(repeating: "=", count: max(begun - filled, 0))
        let rest = String(repeating: ".", count: length - filled - running.count)
        // All is done once all is recorded.
        let percent = min(Int(done * 100), left(of: planned) > 0 ? 99 : 100)
        return "[\(marks)\(running)\(rest)] \(percent) %"
    }

    /// What is left to do: by weight where that is known, else by items.
    private func left(of planned: Load) -> Double {
        hasWeights && planned.weight > 0 ? planned.weight - weight : Double(planned.items - items)
    }

    /// The last line.
    func summary(elapsed: Duration) -> String {
        if isEmpty { return "done: nothing new in \(elapsed.words)" }
        let rate = rate(elapsed).map { " (\($0))" } ?? ""
        let troubles = troubles(failed: HumanText.count(failed, "attempt") + " failed")
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

    /// What did not go well.
    ///
    /// - Parameter words: The attempts that failed, in words.
    /// - Returns: A phrase for each kind.
    private func troubles(failed words: String) -> [String] {
        let others = [
            (released, "released"), (givenBack, "not begun"), (deferred, "deferred"),
            (lost, "lost"),
            (cancelled, "cancelled"),
        ]
        return (bad > 0 ? [HumanText.count(bad, "item") + " quarantined"] : [])
            + (failed > 0 ? [words] : [])
            + others.filter { $0.0 > 0 }.map { "\(HumanText.number($0.0)) \($0.1)" }
    }

    private func rate(_ elapsed: Duration) -> String? {
        let seconds = elapsed / .seconds(1)
        guard seconds > 0.05, succeeded > 0 else { return nil }
        if hasWeights, weight > 0 {
            let rate = weight / seconds
            return HumanText.weight(rate >= 10 ? rate.rounded() : rate, isBytes: weighsBytes) + "/s"
        }
        return HumanText.pace(items: Double(items) / seconds)
    }

    /// How long the rest takes at the pace so far.
    private func timeLeft(_ elapsed: Duration) -> Duration? {
        guard let planned, succeeded > 0 else { return nil }
        let isWeighed = hasWeights && planned.weight > 0
        let done = isWeighed ? weight : Double(items)
        let left = left(of: planned)
        guard done > 0, left > 0 else { return nil }
        return .seconds((elapsed / .seconds(1) * left / done).rounded(.up))
    }
}
