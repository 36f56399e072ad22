/// A part of a batch that becomes a batch of its own.
public struct BatchPart: Sendable, Hashable {
    /// The ids; at least one.
    public var ids: IDRuns
    /// Their weight.
    public var weight: Double
    /// Whether the part is quarantined at once; such a part has one id.
    public var isBad: Bool
    /// Whether the part is done: the work succeeded, but for the bad items.
    public var isDone: Bool
    /// The error of the part; `nil` for the error of the batch.
    public var reason: String?

    /// Makes a part.
    public init(
        ids: IDRuns,
        weight: Double,
        isBad: Bool = false,
        isDone: Bool = false,
        reason: String? = nil
    ) {
        self.ids = ids
        self.weight = weight
        self.isBad = isBad
        self.isDone = isDone
        self.reason = reason
    }
}

extension BatchPart {
    /// What the part is as a batch of its own.
    ///
    /// - Parameter parent: The batch that it was. Where work on it had begun that must not be
    ///   repeated, a bad item stays failed: what is quarantined may be made a batch again.
    /// - Returns: The status.
    package func status(of parent: BatchRecord) -> BatchStatus {
        if isDone { return .succeeded }
        guard isBad else { return .released }
        return parent.begunAt == nil ? .quarantined : .failed
    }
}

/// Cuts batches that failed into parts.
package struct BatchSplitter: Sendable {
    private var ids: [Int64]
    private let weights: [Int64: Double]

    /// Makes a splitter.
    ///
    /// - Parameters:
    ///   - ids: The batch's ids; `nil` for an adopted one, whose ids are those of its items.
    ///   - items: Its items as far as they still exist, ascending.
    package init(ids: IDRuns?, items: [Item]) {
        self.ids = ids.map { Array($0.ids) } ?? items.map(\.id)
        weights = Dictionary(items.map { ($0.id, $0.weight) }) { first, _ in first }
    }

    /// Two parts of about the same weight, in order of id; one when there is a single id.
    ///
    /// Ids whose item has vanished weigh nothing and stay in a part.
    package var halves: [BatchPart] {
        guard ids.count > 1 else { return ids.isEmpty ? [] : [part(ids[...])] }
        let total = ids.reduce(0) { $0.addingClamped(weight($1)) }
        var cut = ids.count / 2
        if total > 0 {
            // The first cut that leaves no more than half to the right of it, or just before that.
            var left = 0.0
            cut = 0
            while cut < ids.count - 1, left < total / 2 {
                let next = left + weight(ids[cut])
                if cut > 0, next - total / 2 > total / 2 - left { break }
                left = next
                cut += 1
            }
        }
        return [part(ids[..<cut]), part(ids[cut...])]
    }

    /// Single ids, spread over the batch, and the halves of the rest.
    ///
    /// A single id says whether the work can succeed at all, which a part with one bad item among
    /// many does not.
    ///
    /// - Parameter count: How many single ids; all, where hardly more are left.
    /// - Returns: The single ids in order, and up to two parts more.
    package func samples(_ count: Int) -> [BatchPart] {
        guard ids.count > count + 2 else { return ids.map { part([$0]) } }
        // Steps of the golden ratio fall into no rhythm that bad items may have.
        let steps = (1...count).map { Double($0) * 0.618_033_988_7 }
        let picked = Set(steps.map { ids[Int(($0 - $0.rounded(.down)) * Double(ids.count))] })
        var rest = self
        rest.ids.removeAll { picked.contains($0) }
        return picked.sorted().map { part([$0]) } + rest.halves
    }

    /// A bad part for each bad id, and one for all the rest.
    ///
    /// - Parameter bad: The bad ids.
    /// - Returns: The parts: the rest first, when there is one.
    /// - Throws: ``TrancheError`` `.invalidArgument` when the batch has no such id.
    package func parts(bad: Set<Int64>) throws -> [BatchPart] {
        let unknown = bad.subtracting(ids)
        guard unknown.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "the batch has no id \(unknown.sorted().prefix(10).map(String.init).joined(separator: ", ")); "
                    + "bad items must be its own"
            )
        }
        let rest = ids.filter { !bad.contains($0) }
        return (rest.isEmpty ? [] : [part(rest[...])])
            + bad.sorted().map { BatchPart(ids: IDRuns($0...$0), weight: weight($0), isBad: true) }
    }

    private func weight(_ id: Int64) -> Double { weights[id] ?? 0 }

    private func part(_ ids: ArraySlice<Int64>) -> BatchPart {
        BatchPart(ids: IDRuns(ids), weight: ids.reduce(0) { $0.addingClamped(weight($1)) })
    }
}
