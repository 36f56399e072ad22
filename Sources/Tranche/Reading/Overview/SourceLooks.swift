/// Looks at the sources of runs, each opened once and several at once, as far as that is quick.
package struct SourceLooks: Sendable {
    /// How many are looked at at once.
    private static let width = 8
    /// How many of one database are: each connection begins with what another knows already.
    private static let widthOfDatabase = 2
    /// Of how many runs what waits is added up, in even shares of their sources, each of which has
    /// one at least; of others it is estimated.
    static let mostRuns = 64

    /// Finds the source that a run was begun with.
    package typealias SourceFinder =
        @Sendable (RunRecord, Inventory) async throws -> any MetaSourceDescription

    /// Makes what finds sources in one look: it may keep what they share until that is over.
    package typealias SourceFinderMaker = @Sendable () -> SourceFinder

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
        // Of an adopted run nothing is known before it is acquired from; history waits for nothing.
        for summary in runs where summary.run.definition != nil && !summary.run.isFormer {
            let key = Key(table: summary.run.key.metaTable, definition: summary.run.definition)
            groups[key, default: []].append(summary)
        }
        let share = max(1, Self.mostRuns / max(1, groups.count))
        var lanes = Lanes(Array(groups.values))
        var looks: [RunKey: SourceLook] = [:]
        typealias Found = (database: String, looks: [RunKey: SourceLook])
        try await withThrowingTaskGroup(of: Found.self) { group in
            while true {
                while let next = lanes.next() {
                    group.addTask {
                        (next.database, try await look(atOne: next.runs, closely: share))
                    }
                }
                guard let found = try await group.next() else { break }
                lanes.end(found.database)
                looks.merge(found.looks) { $1 }
            }
        }
        return try await sighted(looks, runs)
    }

    /// Sources that wait to be looked at, few at once of each database.
    private struct Lanes {
        private var waiting: [(database: String, runs: [RunSummary])]
        private var busy: [String: Int] = [:]

        init(_ groups: [[RunSummary]]) {
            waiting = groups.map { runs in
                // One that cannot be read is a database of its own.
                (runs.first.flatMap { $0.run.source?.database ?? $0.run.definition } ?? "", runs)
            }
        }

        mutating func next() -> (database: String, runs: [RunSummary])? {
            guard busy.values.reduce(0, +) < SourceLooks.width,
                let place = waiting.firstIndex(where: {
                    busy[$0.database, default: 0] < SourceLooks.widthOfDatabase
                })
            else { return nil }
            let next = waiting.remove(at: place)
            busy[next.database, default: 0] += 1
            return next
        }

        mutating func end(_ database: String) { busy[database, default: 0] -= 1 }
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

    /// Looks at the source that some runs share, in few statements however many they are.
    private func look(
        atOne runs: [RunSummary],
        closely share: Int
    ) async throws -> [RunKey: SourceLook] {
        guard let first = runs.first?.run else { return [:] }
        do {
            return try await inPatience {
                let description = try await source(first, inventory)
                let source = try await inventory.source(description)
                let close = runs.prefix(share)
                // Nothing is handed out by a run that is paused.
                let handing = close.filter { $0.run.pauseInForce == nil }.map(\.run)
                let holds = try await inventory.sourceHolds(of: handing, from: source)
                let isNumbered = source.numbered != nil
                // Nothing may have a number yet.
                let highest = try await source.highestID() ?? (isNumbered ? 0 : nil)
                let asked = close.filter {
                    waits($0.run, through: highest, isNumbered: isNumbered)
                }.map { summary in
                    SourcePart(after: summary.run.cursor, within: summary.run.bounds)
                }
                let backlogs = try await source.waiting(in: Set(asked))
                var looks: [RunKey: SourceLook] = [:]
                for (place, summary) in runs.enumerated() {
                    let run = summary.run
                    var look = SourceLook(risks: source.risks, hold: run.standing.hold)
                    if let hold = holds[run.key] { look.hold = hold }
                    if look.hold == nil, run.pauseInForce == nil, run.cancellation == nil,
                        !run.isAtEnd
                    {
                        look.hold = run.rewinding(to: highest)
                    }
                    if look.hold == nil, place < share, let pages = source as? PageMetaSource,
                        isAtRest(summary)
                    {
                        look.hold = try await pages.hold(of: run)
                    }
                    if !waits(run, through: highest, isNumbered: isNumbered) {
                        look.backlog = Backlog(highestID: highest)
                    } else if let highest {
                        let part = SourcePart(after: run.cursor, within: run.bounds)
                        var backlog =
                            (place < share ? backlogs[part] : nil)
                            ?? estimate(summary, through: highest)
                        backlog.highestID = backlog.highestID ?? highest
                        look.backlog = backlog
                    }
                    looks[run.key] = look
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

    /// Whether nothing of a run is in hand, due or to be tried again, and nobody stopped it.
    private func isAtRest(_ summary: RunSummary) -> Bool {
        if summary.isDue { return false }
        if case .idle = RunStatus(summary: summary, gaps: [], risks: nil).activity { return true }
        return false
    }

    /// Whether something may wait for a run in a source that goes as far.
    private func waits(
        _ run: RunRecord,
        through highest: Int64?,
        isNumbered: Bool
    ) -> Bool {
        guard let highest, run.cancellation == nil, !run.isAtEnd else { return false }
        // What has no number yet gets a higher one.
        if isNumbered, run.bounds.upper == nil { return true }
        return run.cursor.map { highest > $0 } ?? true
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
        let (clock, patience) = (
            inventory.configuration.clock, inventory.configuration.sourcePatience
        )
        return try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: patience)
                throw TrancheError(.sourceUnavailable, "no answer within \(patience.words)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
