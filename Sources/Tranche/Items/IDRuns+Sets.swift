extension IDRuns {
    /// Makes a set of ids in any order, each counted once.
    public init(_ ids: some Sequence<Int64>) {
        self.init()
        for id in ids.sorted() where last.map({ id > $0 }) ?? true { append(id) }
    }

    /// The ids, ascending.
    public var ids: some Sequence<Int64> { runs.lazy.flatMap { $0 } }

    /// Adds a run of ids; one that touches the last is joined to it.
    ///
    /// - Parameter run: The run. One that does not begin above ``last`` takes O(n log n) for n
    ///   runs.
    public mutating func append(run: ClosedRange<Int64>) {
        if let last, run.lowerBound <= last {
            self = IDRuns(runs: runs + [run])
            return
        }
        append(run.lowerBound)
        if run.lowerBound < run.upperBound { extendLast(to: run.upperBound) }
    }

    /// The ids of a range that are not in the set, as ranges, ascending.
    ///
    /// - Parameter range: The range; it may be wider than any set.
    /// - Returns: The ranges between the runs.
    public func complement(in range: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
        var left: [ClosedRange<Int64>] = []
        var next = range.lowerBound
        for run in runs where run.upperBound >= range.lowerBound {
            if run.lowerBound > range.upperBound { break }
            if run.lowerBound > next { left.append(next...(run.lowerBound - 1)) }
            if run.upperBound >= range.upperBound { return left }
            next = max(next, run.upperBound + 1)
        }
        left.append(next...range.upperBound)
        return left
    }

    /// The ids that are also in a range.
    public func intersection(_ range: ClosedRange<Int64>) -> IDRuns {
        var common = IDRuns()
        for run in runs where run.overlaps(range) { common.append(run: run.clamped(to: range)) }
        return common
    }

    /// The ids that are in this set or the other.
    public func union(_ other: IDRuns) -> IDRuns {
        if other.runs.isEmpty { return self }
        return IDRuns(runs: runs + other.runs)
    }

    /// The ids that are in this set and not in the other.
    public func subtracting(_ other: IDRuns) -> IDRuns {
        var left = IDRuns()
        var next = other.runs[...]
        for run in runs {
            while let first = next.first, first.upperBound < run.lowerBound { next.removeFirst() }
            var lower = run.lowerBound
            var rest = next
            var isUsedUp = false
            while let taken = rest.first, taken.lowerBound <= run.upperBound {
                if taken.lowerBound > lower { left.append(run: lower...(taken.lowerBound - 1)) }
                if taken.upperBound >= run.upperBound {
                    isUsedUp = true
                    break
                }
                lower = max(lower, taken.upperBound + 1)
                rest.removeFirst()
            }
            if !isUsedUp { left.append(run: lower...run.upperBound) }
        }
        return left
    }
}

extension IDRuns {
    /// Makes the set of the ids of ranges in any order, which may overlap.
    package init(runs: [ClosedRange<Int64>]) {
        self.init()
        for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last {
                if run.upperBound > last {
                    append(run: max(run.lowerBound, last + 1)...run.upperBound)
                }
            } else {
                append(run: run)
            }
        }
    }
}
