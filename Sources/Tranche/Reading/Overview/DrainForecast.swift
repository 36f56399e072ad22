/// How long it takes until nothing waits any more, at the pace of the last hour and at that of the
/// newest batches, as long as nothing is added.
package struct DrainForecast: Sendable, Hashable {
    /// The shorter time, in seconds.
    package var shortest: Double
    /// The longer time, in seconds.
    package var longest: Double

    /// Makes a forecast; `nil` where nothing waits, or there is no pace.
    ///
    /// - Parameters:
    ///   - items: What waits.
    ///   - weight: Its weight; `nil` where items have none.
    ///   - summary: The run, for its paces.
    package init?(items: Int, weight: Double?, _ summary: RunSummary) {
        guard items > 0 else { return nil }
        let hour = summary.lastHour
        let paces: [Double?] =
            weight == nil || weight == 0
            ? [hour.itemsPerSecond, summary.itemsPerSecond]
            : [hour.weightPerSecond, summary.weightPerSecond]
        let amount = weight.flatMap { $0 > 0 ? $0 : nil } ?? Double(items)
        let times = paces.compactMap { $0 }.filter { $0 > 0 }.map { amount / $0 }
        guard let shortest = times.min(), let longest = times.max(), longest.isFinite else {
            return nil
        }
        self.shortest = shortest
        self.longest = longest
    }
}
