/// The batches that would be handed out, and what they add up to.
package struct PlanDocument: Codable, Sendable, Hashable {
    package let open: [BatchDocument]
    package let ranges: [RangeDocument]
    package let reachedEnd: Bool
    package let batches: Int
    package let items: Int
    package let weight: Double
    package let seconds: Double?
    package let drainsIn: RunDocument.Drain?
    package let risks: [SourceRisk]

    /// Makes the document of a plan.
    ///
    /// - Parameters:
    ///   - forecast: What would be handed out.
    ///   - source: What the source is.
    ///   - risks: What no proof covers in it.
    ///   - summary: The run so far, for its pace; `nil` where it has not begun.
    package init(
        _ forecast: Inventory.Forecast,
        of source: SourceDefinition,
        risks: [SourceRisk],
        summary: RunSummary?
    ) {
        open = forecast.open.map(BatchDocument.init)
        ranges = forecast.ranges.map(RangeDocument.init)
        reachedEnd = forecast.reachedEnd
        batches = forecast.batches
        items = forecast.items
        weight = forecast.weight
        if source.weight != nil, let pace = summary?.weightPerSecond, pace > 0 {
            seconds = weight / pace
        } else {
            let items = Double(items)
            seconds = summary?.itemsPerSecond.flatMap { $0 > 0 ? items / $0 : nil }
        }
        let isWeighed = source.weight != nil
        let drain = summary.flatMap {
            DrainForecast(
                items: forecast.items,
                weight: isWeighed ? forecast.weight : nil,
                $0
            )
        }
        drainsIn = drain.map(RunDocument.Drain.init)
        self.risks = risks
    }

    /// Makes the document of a plan of nothing: no item is meant, and none will be.
    ///
    /// - Parameter risks: What no proof covers in the source.
    package init(ofNothing risks: [SourceRisk]) {
        (open, ranges, reachedEnd) = ([], [], true)
        (batches, items, weight) = (0, 0, 0)
        (seconds, drainsIn) = (nil, nil)
        self.risks = risks
    }

    enum CodingKeys: String, CodingKey {
        case open, ranges
        case reachedEnd = "reached_end"
        case batches, items, weight, seconds
        case drainsIn = "drains_in"
        case risks
    }
}
