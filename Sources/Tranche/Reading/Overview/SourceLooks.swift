/// Looks at the sources of runs, each opened once and several at once, as far as that is quick.
package struct SourceLooks: Sendable {
    /// How long one is waited for.
    private static let patience = Duration.seconds(5)
    /// How many are looked at at once.
    private static let width = 8
    /// Of how many runs what waits is added up, in even shares of their sources, each of which has
    /// one at least; of others it is estimated.
    static let mostRuns = 64

    /// Finds the source that a run was begun with.
    package typealias SourceFinder =
        @Sendable (RunRecord, Inventory) async throws -> any MetaSourceDescription

    let inventory: Inventory
    let source: SourceFinder

    private struct Key: Hashable {
        var table: String
        var definition: String?
    }

    /// Looks at the sources of runs.
    ///
    /// - Parameter runs: The runs.
    /// - Returns: What was found, by run.
    /// - Throws: `CancellationError`.
    func look(at runs: [RunSummary]) async throws -> [RunKey: SourceLook] {
        var groups: [Key: [RunSummary]] = [:]
        // Of an adopted run nothing is known before it is acquired from.
        for summary in runs where summary.run.definition != nil {
            let key = Key(table: summary.run.key.metaTable, definition: summary.run.definition)
            groups[key, default: []].append(summary)
        }
        var looks: [RunKey: SourceLook] = [:]
        try await withThrowingTaskGroup(of: [RunKey: SourceLook].self) { group in
            var rest = Array(groups.values)[...]
            let share = max(1, Self.mostRuns / max(1, rest.count))
            for _ in 0..<Self.width {
                guard let next = rest.popFirst() else { break }
                group.addTask { try await look(atOne: next, closely: share) }
            }
            while let found = try await group.next() {
                looks.merge(found) { $1 }
                if let next = rest.popFirst() {
                    group.addTask { try await look(atOne: next, closely: share) }
                }
            }
        }
        return try await sighted(looks, runs)
    }

    /// Adds since when something waits, where the source does not tell.
    private func sighted(
        _ looks: [RunKey: SourceLook],
        _ runs: [RunSummary]
    ) async throws -> [RunKey: SourceLook] {
        let unknown = runs.compactMap { summary -> (run: RunRecord, id: Int64)? in
            guard let backlog = looks[summary.run.key]?.backlog, backlog.items > 0,
                backlog.oldestAt == nil, let highest = backlog.highestID
            else { return nil }
            return (summary.run, highest)
        }
        var looks = looks
        for (key, since) in try await inventory.sight(unknown) {
            looks[key]?.backlog?.oldestAt = since
        }
        return looks
    }

    /// Looks at the source that some runs share.
    private func look(
        atOne runs: [RunSummary],
        closely share: Int
    ) async throws -> [RunKey: SourceLook] {
        guard let first = runs.first?.run else { return [:] }
        do {
            return try await inPatience {
                let description = try await source(first, inventory)
                let source = try await inventory.source(description)
                var looks: [RunKey: SourceLook] = [:]
                let highest = try await source.highestID()
                for (place, summary) in runs.enumerated() {
                    looks[summary.run.key] = try await look(
                        at: summary,
                        isClose: place < share,
                        source,
                        description,
                        highest
                    )
                }
                return looks
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            let words = "cannot look at '\(first.key.metaTable)': \(error)"
            return Dictionary(
                runs.map { ($0.run.key, SourceLook(hold: $0.run.standing.hold, fault: words)) }
            ) { $1 }
        }
    }

    private func look(
        at summary: RunSummary,
        isClose: Bool,
        _ source: any MetaSource,
        _ description: any MetaSourceDescription,
        _ highest: Int64?
    ) async throws -> SourceLook {
        let run = summary.run
        var look = SourceLook(risks: source.risks, hold: run.standing.hold)
        if isClose, run.pauseInForce == nil {
            // Nothing is handed out by a run that is paused.
            look.hold = try await inventory.sourceHold(of: run.key, description)
        }
        let isOver = run.cancellation != nil || run.isAtEnd
        guard let highest, !isOver, run.cursor.map({ highest > $0 }) ?? true else {
            look.backlog = Backlog(highestID: highest)
            return look
        }
        var backlog =
            isClose
            ? try await source.waiting(after: run.cursor, within: run.bounds)
            : estimate(summary, through: highest)
        backlog.highestID = backlog.highestID ?? highest
        look.backlog = backlog
        return look
    }

    /// Estimates what waits as if each id were an item, of the weight that others had.
    private func estimate(_ summary: RunSummary, through highest: Int64) -> Backlog {
        let run = summary.run
        let end = min(highest, run.bounds.upper ?? .max)
        guard let first = IDBounds.firstID(after: run.cursor, in: run.bounds), first <= end else {
            return Backlog(highestID: highest)
        }
        let items = first == .min ? 0 : (first...end).clampedCount
        let done = summary.totals[.succeeded] ?? RunSummary.Totals()
        let weight = done.items > 0 ? done.weight / Double(done.items) * Double(items) : 0
        return Backlog(
            items: items,
            weight: weight.clamped,
            isExact: false,
            highestID: highest
        )
    }

    private func inPatience<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw TrancheError(
                    .sourceUnavailable,
                    "no answer within \(Self.patience.words)"
                )
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
