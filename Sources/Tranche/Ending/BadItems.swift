/// What is said of the bad items of a batch.
package struct BadItems: Sendable {
    /// What is kept of a bad item of which nobody has said what is wrong with it.
    package static let noReason = "named bad without a reason"

    /// What is wrong with each that has a reason, in the order of the items.
    private let reasons: [String]
    private let bad: Int
    private let all: Int

    /// Describes the bad parts among all parts of a batch.
    package init(_ parts: [BatchPart]) {
        let bad = parts.filter(\.isBad)
        reasons = bad.compactMap(\.reason).filter { $0 != Self.noReason }
        self.bad = bad.count
        all = parts.reduce(0) { $0 + $1.ids.count }
    }

    /// The bad items in words, with what is wrong with most of them.
    package var words: String {
        with(reasonsBehind: "\(bad) of \(all) \(all == 1 ? "item" : "items")")
    }

    /// The bad items in words, where those that are not bad are not known.
    var wordsOfBad: String { with(reasonsBehind: "\(bad) \(bad == 1 ? "item" : "items")") }

    private func with(reasonsBehind items: String) -> String {
        let words = "\(items) \(bad == 1 ? "is" : "are") bad"
        guard let usual else { return words }
        let others = Set(reasons).count - 1
        if others == 0 { return "\(words): \(usual)" }
        return "\(words): \(usual) (and \(others) other \(others == 1 ? "reason" : "reasons"))"
    }

    /// What is wrong with most of them; the first of several.
    private var usual: String? {
        var counts: [String: Int] = [:]
        for reason in reasons { counts[reason, default: 0] += 1 }
        let most = counts.values.max()
        return reasons.first { counts[$0] == most }
    }
}

extension BatchFailure {
    /// Describes a success that leaves bad items behind.
    ///
    /// - Parameter success: The success; it has parts.
    package init(inPart success: BatchSuccess) {
        self.init(
            BadItems(success.parts).words,
            result: success.result,
            parts: success.parts
        )
        isOfSuccess = true
        output = success.output
    }

    /// Whether so much of the batch is blamed that the fault may lie with what all its items need:
    /// every item; or at least half of them, and ``OutageGuard/threshold`` or more, for one kind of
    /// reason.
    package var maySpeakOfOutage: Bool {
        let bad = parts.filter(\.isBad)
        let all = parts.reduce(0) { $0 + $1.ids.count }
        if bad.count == all { return !parts.isEmpty }
        // Looking at the kinds of many reasons takes a while.
        guard bad.count >= OutageGuard.threshold, bad.count * 2 >= all else { return false }
        let kinds = OutageGuard.kinds(of: bad.map { $0.reason ?? message })
        let most = kinds.values.max() ?? 0
        return most >= OutageGuard.threshold && most * 2 >= all
    }
}

extension Batch {
    /// The parts of the batch where all items are done but some.
    ///
    /// - Parameter reasons: What is wrong with each bad item; `nil` where nobody says.
    /// - Returns: The part that is done first, where there is one; then the bad items.
    /// - Throws: ``TrancheError`` `.invalidArgument` for an item that is not the batch's.
    package func parts(doneBut reasons: [Int64: String?]) async throws -> [BatchPart] {
        try await parts(bad: reasons).doneButBad
    }

    /// The parts of the batch where some items are bad: all the rest first, where there is any.
    ///
    /// Throws as ``parts(doneBut:)``.
    package func parts(bad reasons: [Int64: String?]) async throws -> [BatchPart] {
        try await inventory.parts(of: record, bad: Set(reasons.keys), in: source).named(reasons)
    }
}

extension Inventory {
    /// The parts of a batch of which somebody says by hand which items are bad.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - reasons: What is wrong with each bad item, by its id or uid; `nil` where nobody says.
    ///   - error: What is wrong with those of which nothing is said; `nil` for none.
    ///   - source: The batch's source, which knows the weights.
    /// - Returns: The part of all the others first, where there is one; then the bad items.
    /// - Throws: ``TrancheError`` `.invalidArgument` for an item that is not the batch's.
    package func parts(
        of batch: BatchRecord,
        blaming reasons: [ExactText: String?],
        error: String? = nil,
        in source: any MetaSource
    ) async throws -> [BatchPart] {
        let reasons = try await ProgramBlame.reasons(reasons, of: batch, in: source)
        let parts = try await parts(of: batch, bad: Set(reasons.keys), in: source)
        return parts.named(reasons.mapValues { $0 ?? error })
    }
}

extension [BatchPart] {
    /// The parts, where each bad one says what is wrong with it.
    ///
    /// One of which nobody says so has the batch's error; where that tells of other items, it says
    /// that nobody does.
    package func named(_ reasons: [Int64: String?]) -> [BatchPart] {
        let other = reasons.values.contains { $0 != nil } ? BadItems.noReason : nil
        return map { part in
            guard part.isBad, let id = part.ids.first else { return part }
            var part = part
            part.reason = (reasons[id] ?? nil) ?? other
            return part
        }
    }

    /// The parts, where all but the bad ones are done.
    package var doneButBad: [BatchPart] {
        map { part in
            var part = part
            part.isDone = !part.isBad
            // The batch has no error of its own that would say more.
            if part.isBad { part.reason = part.reason ?? BadItems.noReason }
            return part
        }
    }
}
