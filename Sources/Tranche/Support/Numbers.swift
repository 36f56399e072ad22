extension Double {
    /// The number in decimal, without a fraction where it has none.
    package var plain: String {
        guard magnitude < 1e15, self == rounded() else { return String(self) }
        return String(Int64(self))
    }

    /// The whole number that is nearest; the lowest or highest there is for one beyond, 0 for no
    /// number.
    package var nearestInteger: Int64 {
        if isNaN { return 0 }
        return Int64(exactly: rounded()) ?? (self < 0 ? .min : .max)
    }

    /// The number; the highest there is for infinity.
    package var clamped: Double { min(self, .greatestFiniteMagnitude) }

    /// The sum of weights, of 0 or more each; the highest number where it is beyond.
    package func addingClamped(_ other: Double) -> Double { (self + other).clamped }
}

extension FixedWidthInteger {
    /// The sum; the lowest or highest number where it is beyond.
    package func addingClamped(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

extension ClosedRange<Int64> {
    /// How many numbers there are; the highest there is where they are more.
    package var clampedCount: Int {
        let (span, overflow) = upperBound.subtractingReportingOverflow(lowerBound)
        return overflow ? .max : Int(span).addingClamped(1)
    }
}

extension Duration {
    /// The duration in whole milliseconds, rounded down; the nearest there is where these are too
    /// many.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        return whole.addingClamped(attoseconds / 1_000_000_000_000_000)
    }

    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
