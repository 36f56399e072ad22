/// A failure that a simulation found: a promise was not kept.
public struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    /// The seed; the same seed finds it again.
    public let seed: UInt64
    /// The finding.
    public let message: String
    /// The steps that led there, the writers' beside the acquirers'.
    public let steps: String

    /// Makes a failure.
    public init(seed: UInt64, message: String, steps: String) {
        self.seed = seed
        self.message = message
        self.steps = steps
    }

    /// The seed, what was found, and the steps.
    public var description: String { "seed \(seed): \(message)\n\(steps)" }
}
