/// Places from which a sequence of bytes can be decoded, in ascending order.
///
/// The first is its beginning. They are no closer to each other than a spacing that rises with the
/// size, so that they are few, and what is decoded to reach a place is little.
struct RestartPoints {
    /// One place.
    struct Point: Sendable, Hashable {
        /// The offset in the decoded content.
        var output: Int64
        /// The offset in the stored content.
        var input: Int64
        /// What a decoder needs; `nil` when it is on disk.
        var state: [UInt8]?
    }

    private(set) var points = [Point(output: 0, input: 0, state: [])]
    private let spacing: Int64

    init(spacing: Int64) {
        self.spacing = spacing
    }

    /// How far apart points are behind an offset.
    func spacing(at output: Int64) -> Int64 { max(spacing, output / 512) }

    /// The last point at or before an offset.
    func last(upTo output: Int64) -> Point {
        points[index(behind: output) - 1]
    }

    /// Adds a point, unless it is there.
    mutating func add(_ point: Point) {
        let index = index(behind: point.output)
        guard points[index - 1].output < point.output else { return }
        points.insert(point, at: index)
    }

    /// Leaves a point out that cannot be used.
    mutating func remove(_ output: Int64) {
        points.removeAll { $0.output == output && output > 0 }
    }

    /// Leaves what is on disk there.
    mutating func drop(stateOf output: Int64) {
        let index = index(behind: output) - 1
        if points[index].output == output, output > 0 { points[index].state = nil }
    }

    /// How many points are at or before an offset; at least one.
    private func index(behind output: Int64) -> Int {
        var (low, high) = (1, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle].output <= output { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
