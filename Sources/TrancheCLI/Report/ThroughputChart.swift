import FoundationEssentials
import Tranche

/// Items done over time, as columns.
struct ThroughputChart {
    /// Columns at most.
    private static let most = 60

    /// When the first column begins.
    let start: Date
    /// How long a column is, in seconds.
    let step: Double
    /// The items of each column.
    let items: [Int]

    /// Makes the chart of batches; `nil` where none succeeded.
    init?(_ batches: [BatchRecord], now: Date) {
        let ends = batches.compactMap { batch in
            batch.endedAt.map { (time: min($0, now), items: batch.count) }
        }
        guard let first = ends.map(\.time).min() else { return nil }
        // The shortest of these that fits.
        let span = max(1, now.timeIntervalSince(first))
        let steps: [Double] = [
            1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800,
        ]
        step = steps.first { span / $0 <= Double(Self.most - 1) } ?? (span / 59).rounded(.up)
        let begin = (first.timeIntervalSince1970 / step).rounded(.down) * step
        start = Date(timeIntervalSince1970: begin)
        let count = Int((now.timeIntervalSince1970 - begin) / step) + 1
        var items = [Int](repeating: 0, count: max(1, count))
        for end in ends {
            let place = Int((end.time.timeIntervalSince1970 - begin) / step)
            guard items.indices.contains(place) else { continue }
            items[place] = items[place].addingClamped(end.items)
        }
        self.items = items
    }

    /// The chart as a drawing.
    var drawing: String {
        let (highest, count) = (max(1, items.max() ?? 1), Double(items.count))
        let width = 1000 / count
        var text =
            "<svg class=\"chart\" viewBox=\"0 0 1000 120\" preserveAspectRatio=\"none\" role=\"img\" "
        text += "aria-label=\"items done over time\">"
        for (place, number) in items.enumerated() where number > 0 {
            let height = max(1, Double(number) / Double(highest) * 120)
            let time = start.addingTimeInterval(Double(place) * step)
            let title = "\(HumanText.count(number, "item")) from \(HTMLText.time(time))"
            text +=
                "<rect class=\"done\" x=\"\(HumanText.fixed(Double(place) * width + width * 0.1, 2))\" "
            text += "y=\"\(HumanText.fixed(120 - height, 2))\" "
            text += "width=\"\(HumanText.fixed(width * 0.8, 2))\" "
            text += "height=\"\(HumanText.fixed(height, 2))\">"
            text += "<title>\(HTMLText.escaped(title))</title></rect>"
        }
        return text + "</svg>"
    }

    /// What it shows, in words.
    var words: String {
        "at most \(HumanText.count(items.max() ?? 0, "item")) in \(Duration.seconds(step).words)"
    }
}
