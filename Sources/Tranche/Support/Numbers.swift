extension Double {
    /// The number in decimal, without a fraction where it has none.
    package var plain: String {
        guard magnitude < 1e15, self == rounded() else { return String(self) }
        return String(Int64(self))
    }
}

extension Duration {
    /// The duration in whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
