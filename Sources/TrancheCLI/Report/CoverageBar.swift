import FoundationEssentials
import Tranche

/// What has become of the ids of a run, as a bar.
struct CoverageBar {
    /// What has become of some ids.
    enum State: String, CaseIterable {
        case done, waiting, running, released, retrying, failed, quarantined, gap

        /// In words, for the legend.
        var words: String {
            switch self {
            case .done: "done"
            case .waiting: "waiting"
            case .running: "in flight"
            case .released: "given back"
            case .retrying: "to be tried again"
            case .failed: "failed"
            case .quarantined: "quarantined"
            case .gap: "gap"
            }
        }
    }

    /// Ids with a state of their own.
    struct Part {
        var state: State
        var ids: ClosedRange<Int64>
    }

    /// All ids: from the first that was given to the last of the source, or of the run.
    let ids: ClosedRange<Int64>
    /// Its parts; later ones lie on earlier ones.
    let parts: [Part]

    /// The bar's width, in the units of its drawing.
    private static let width = 1000.0

    /// Makes the bar of a run; `nil` where nothing is known of its ids.
    init?(_ run: RunStatus, lowest: Int64?, batches: [BatchRecord], now: Date) {
        let record = run.run
        guard let end = run.lastID else { return nil }
        let cursor = record.cursor.map { min($0, end) }
        let first = min(lowest ?? cursor ?? end, end)
        ids = first...end
        var parts: [Part] = []
        if let cursor, cursor >= first {
            parts.append(Part(state: .done, ids: first...cursor))
        }
        if let cursor, cursor < end {
            parts.append(Part(state: .waiting, ids: max(first, cursor + 1)...end))
        } else if cursor == nil {
            parts.append(Part(state: .waiting, ids: ids))
        }
        parts += run.gaps.filter(\.isOpen).map { Part(state: .gap, ids: $0.range) }
        parts += batches.compactMap { batch in
            Self.state(of: batch, at: now).map {
                Part(state: $0, ids: batch.idStart...max(batch.idStart, batch.idEnd))
            }
        }
        self.parts = parts
    }

    private static func state(of batch: BatchRecord, at now: Date) -> State? {
        switch batch.status {
        case .running where batch.hasLapsed(at: now): .retrying
        case .running: .running
        case .released: .released
        case .failed: batch.isFinal ? .failed : .retrying
        case .quarantined: .quarantined
        case .succeeded, .split: nil
        }
    }

    /// How many of the ids are done, of 1.
    var share: Double {
        guard let cursor = parts.first(where: { $0.state == .done })?.ids.upperBound else {
            return 0
        }
        let others = parts.filter { $0.state != .done && $0.ids.lowerBound <= cursor }
        let open = others.reduce(0) { open, part in
            open + place(after: min(part.ids.upperBound, cursor)) - place(of: part.ids.lowerBound)
        }
        return max(0, place(after: cursor) - open) / Self.width
    }

    /// The bar as a drawing; each part tells on a pointer what it is.
    var drawing: String {
        let label = "ids \(HumanText.ids(ids))"
        var text =
            "<svg class=\"bar\" viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" role=\"img\" "
        text += "aria-label=\"\(HTMLText.escaped(label))\">"
        for part in parts {
            let (start, end) = (place(of: part.ids.lowerBound), place(after: part.ids.upperBound))
            guard end > 0, start < Self.width else { continue }
            // What is wrong is seen, however small it is.
            let width = max(end - start, part.state == .done || part.state == .waiting ? 0 : 3)
            let x = min(start, Self.width - width)
            let title = "\(words(of: part)): ids \(HumanText.ids(part.ids))"
            text += "<rect class=\"\(part.state.rawValue)\" x=\"\(HumanText.fixed(x, 2))\" y=\"0\" "
            text += "width=\"\(HumanText.fixed(width, 2))\" height=\"16\">"
            text += "<title>\(HTMLText.escaped(title))</title></rect>"
        }
        return text + "</svg>"
    }

    /// What has become of the ids of a part: where others lie on those that were passed, not all
    /// of them are done.
    private func words(of part: Part) -> String {
        guard part.state == .done else { return part.state.words }
        let isCovered = parts.contains { $0.state != .done && $0.ids.overlaps(part.ids) }
        return isCovered ? "passed" : part.state.words
    }

    private func place(of id: Int64) -> Double {
        let span = Double(ids.upperBound) - Double(ids.lowerBound) + 1
        return min(max((Double(id) - Double(ids.lowerBound)) / span, 0), 1) * Self.width
    }

    private func place(after id: Int64) -> Double {
        let span = Double(ids.upperBound) - Double(ids.lowerBound) + 1
        return min(max((Double(id) + 1 - Double(ids.lowerBound)) / span, 0), 1) * Self.width
    }
}
