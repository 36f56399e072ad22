/// A set of ids in ascending order, kept as runs of neighbours.
///
/// A dense batch of a million ids is one run; a sparse one costs 16 bytes an id.
public struct IDRuns: Sendable, Hashable {
    /// The runs: ascending, not empty, neither overlapping nor touching.
    public private(set) var runs: [ClosedRange<Int64>] = []
    /// How many ids there are; `Int.max` where these are more.
    public private(set) var count = 0

    /// Makes an empty set.
    public init() {}

    /// Makes the set of all ids of a range.
    ///
    /// - Parameter range: The range.
    public init(_ range: ClosedRange<Int64>) {
        runs = [range]
        count = range.clampedCount
    }

    /// The lowest id, or `nil` when there is none.
    public var first: Int64? { runs.first?.lowerBound }

    /// The highest id, or `nil` when there is none.
    public var last: Int64? { runs.last?.upperBound }

    /// Whether the ids leave nothing out between the lowest and the highest.
    public var isDense: Bool { runs.count <= 1 }

    /// Adds an id.
    ///
    /// - Parameter id: The id. One that is not above ``last`` takes O(n) for n runs; one that is
    ///   there already changes nothing.
    public mutating func append(_ id: Int64) {
        if let end = runs.last?.upperBound {
            guard id > end else {
                if !contains(id) { self = IDRuns(runs: runs + [id...id]) }
                return
            }
            count = count.addingClamped(1)
            if end + 1 == id {
                runs[runs.count - 1] = runs[runs.count - 1].lowerBound...id
                return
            }
        } else {
            count = 1
        }
        runs.append(id...id)
    }

    /// Takes out the highest id; there must be one.
    mutating func removeLast() {
        guard let last = runs.popLast() else { return }
        count -= 1
        if last.lowerBound < last.upperBound {
            runs.append(last.lowerBound...(last.upperBound - 1))
        }
    }

    /// Adds the ids behind the last run up to one; there must be a run.
    mutating func extendLast(to id: Int64) {
        guard let last = runs.last, id > last.upperBound else { return }
        count = count.addingClamped((last.upperBound + 1...id).clampedCount)
        runs[runs.count - 1] = last.lowerBound...id
    }

    /// Whether the set holds an id.
    ///
    /// O(log n) in the number of runs.
    public func contains(_ id: Int64) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low < runs.count && runs[low].lowerBound <= id
    }
}

// MARK: - Packed text

extension IDRuns {
    /// The runs as text, such as `1-4,6,9-12`; negative ids as in `-5--3`.
    public var packed: String {
        var text = ""
        for run in runs {
            if !text.isEmpty { text += "," }
            text += String(run.lowerBound)
            if run.lowerBound < run.upperBound { text += "-" + String(run.upperBound) }
        }
        return text
    }

    /// Reads packed text; fails when the text is not ascending runs.
    ///
    /// - Parameter packed: Text as ``packed`` gives it.
    public init?(packed: String) {
        for part in packed.utf8.split(
            separator: UInt8(ascii: ","),
            omittingEmptySubsequences: false
        ) {
            // The first byte may be a sign, so the separator is looked for behind it.
            let separator = part.dropFirst().firstIndex(of: UInt8(ascii: "-"))
            let lower = Int64(Substring(part[..<(separator ?? part.endIndex)]))
            let upper = separator.map { Int64(Substring(part[part.index(after: $0)...])) } ?? lower
            guard let lower, let upper, lower <= upper else { return nil }
            // Runs that touch would be one run.
            if let last, lower <= last || lower - 1 == last { return nil }
            let (span, overflow) = upper.subtractingReportingOverflow(lower)
            let (sum, overflow2) = count.addingReportingOverflow(Int(span))
            guard !overflow, !overflow2, sum < Int.max else { return nil }
            runs.append(lower...upper)
            count = sum + 1
        }
    }
}

// MARK: - Pages

extension IDRuns {
    /// A step in which a part of the ids is read.
    public enum Page: Sendable, Hashable {
        /// All entries of the range that the set contains: worth it where the set is dense.
        case range(ClosedRange<Int64>)
        /// These ids, ascending.
        case list([Int64])
    }

    /// Cuts the ids into steps of at most `size` ids each, ascending.
    ///
    /// - Parameter size: Most ids in a step; 1 for less.
    /// - Returns: The steps, ascending.
    public func pages(of size: Int) -> some Sequence<Page> {
        sequence(state: (run: 0, next: runs.first?.lowerBound)) { state -> Page? in
            guard var next = state.next else { return nil }
            let start = next
            var taken: [ClosedRange<Int64>] = []
            var room = Int64(max(size, 1))
            while room > 0, state.run < runs.count {
                let run = runs[state.run]
                let (last, overflow) = next.addingReportingOverflow(room - 1)
                let end = overflow ? run.upperBound : min(run.upperBound, last)
                taken.append(next...end)
                room -= end - next + 1
                if end < run.upperBound {
                    next = end + 1
                    state.next = next
                    return Self.page(start, taken)
                }
                state.run += 1
                if state.run < runs.count { next = runs[state.run].lowerBound }
            }
            state.next = state.run < runs.count ? next : nil
            return Self.page(start, taken)
        }
    }

    private static func page(_ start: Int64, _ taken: [ClosedRange<Int64>]) -> Page {
        let end = taken.last?.upperBound ?? start
        let count = taken.reduce(0) { $0 + $1.count }
        let span = end.subtractingReportingOverflow(start)
        if !span.overflow, span.partialValue / 2 < Int64(count) { return .range(start...end) }
        return .list(taken.flatMap { Array($0) })
    }
}
