import FoundationEssentials

/// How long a batch should take, in place of how much it weighs.
///
/// The weight is found from how long the batches of the run took that ended last, and kept with the
/// run, so that all workers that ask for its batches agree. See <doc:TargetTimes>.
public struct TargetTime: Sendable, Hashable {
    /// How long a batch should take; above 0.
    public var time: Duration
    /// The least weight, and that of the first batches; above 0, 1 by default.
    public var least: Double
    /// The most weight; any by default.
    public var most: Double

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - time: How long a batch should take; above 0.
    ///   - least: The least weight, and that of the first batches; above 0.
    ///   - most: The most weight.
    public init(
        _ time: Duration,
        least: Double = 1,
        most: Double = .greatestFiniteMagnitude
    ) {
        self.time = time
        self.least = least
        self.most = most
    }

    /// How many good batches count.
    private static let measured = 20
    /// How much longer than the target a batch may take before the weight is halved.
    private static let patience = 5.0
    /// The most that the weight grows by at once.
    private static let growth = 1.2
    /// What is not worth a change.
    private static let tolerance = 0.05

    func validate() throws {
        guard time > .zero, least > 0, least.isFinite, most >= least else {
            throw TrancheError(
                .invalidArgument,
                "a target time is above 0, its least weight too, and its most weight is not below"
            )
        }
    }

    /// The weight that batches have from now on.
    ///
    /// - Parameters:
    ///   - known: The weight until now; `nil` where there is none yet.
    ///   - ends: How the latest batches ended.
    /// - Returns: The weight, and whether it is worth keeping.
    package func size(after known: BatchSizing?, _ ends: [BatchTime]) -> (BatchSizing, isNew: Bool)
    {
        let weight = bounded(known?.weight ?? least)
        let new = ends.filter { end in known.map { end.endedAt > $0.measuredTo } ?? true }
        guard let measuredTo = new.map(\.endedAt).max() else {
            return (known ?? BatchSizing(weight: weight), isNew: false)
        }
        // What was handed out before the last change is slow for the weight that was changed.
        let mayHalve = { (end: BatchTime) in known.map { end.beganAt > $0.measuredTo } ?? true }
        if new.contains(where: { isTooSlow($0) && mayHalve($0) }) {
            let half = BatchSizing(weight: bounded(weight / 2), measuredTo: measuredTo)
            return (half, isNew: true)
        }
        let good = ends.filter { !isTooSlow($0) }.sorted { $0.endedAt > $1.endedAt }
            .prefix(Self.measured)
        guard !good.isEmpty else {
            return (known ?? BatchSizing(weight: weight), isNew: false)
        }
        // A batch of one heavy item may weigh more than its limit.
        let handedOut = max(weight, median(good.map(\.weight)))
        let fitting = median(good.map(\.weightPerSecond)) * time.seconds
        let next = bounded(min(fitting, handedOut * Self.growth))
        guard known == nil || abs(next - weight) >= weight * Self.tolerance else {
            return (known ?? BatchSizing(weight: next), isNew: false)
        }
        return (BatchSizing(weight: next, measuredTo: measuredTo), isNew: true)
    }

    private func bounded(_ weight: Double) -> Double { min(max(weight, least), most) }

    private func isTooSlow(_ end: BatchTime) -> Bool {
        end.isTimeOut || end.time.seconds > time.seconds * Self.patience
    }

    /// The number in the middle; the lower one of two.
    private func median(_ numbers: [Double]) -> Double {
        numbers.isEmpty ? 0 : numbers.sorted()[(numbers.count - 1) / 2]
    }
}
