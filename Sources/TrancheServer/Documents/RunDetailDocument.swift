package import FoundationEssentials
package import Tranche

/// A page of runs.
package struct RunsPage: Codable, Sendable, Hashable {
    package let runs: [RunDocument]
    /// The mark of the next page; `null` at the end.
    package let next: String?
}

/// A page of changes of budgets and runs, the latest first.
package struct ChangesPage: Codable, Sendable, Hashable {
    package let changes: [ChangeDocument]
    /// The mark of the next page; `null` at the end.
    package let next: String?
}

/// A page of the gaps of a run, and for whom the run waits.
package struct GapsPage: Codable, Sendable, Hashable {
    package let gaps: [GapDocument]
    package let waiting: [GapsDocument.Waiting]
    package let dropped: [GapsDocument.Dropped]
    package let writers: [WriterDocument]
    /// The mark of the next page; `null` at the end.
    package let next: String?

    init(_ document: GapsDocument, next: String?) {
        gaps = document.gaps
        waiting = document.waiting
        dropped = document.dropped
        writers = document.writers
        self.next = next
    }
}

/// All that is shown of a run.
package struct RunDetailDocument: Codable, Sendable, Hashable {
    package let run: RunDocument
    package let limits: RunLimitsDocument
    package let coverage: CoverageDocument?
    /// How much of its ids it has passed, 0 to 100; `null` where its ends are not known.
    package let percent: Double?
    /// What stands in its way, and the figures of the moment; the first matters most.
    package let reasons: [Reason]

    /// Why a run is not faster.
    package struct Reason: Codable, Sendable, Hashable {
        package let kind: String
        package let text: String
        /// Since when it is so, or until when, as the kind says.
        package let at: Date?
        package let figures: [Figure]
    }

    /// A number that explains a reason.
    package struct Figure: Codable, Sendable, Hashable {
        package let name: String
        package let value: Double
        package let of: Double?
    }

    init(
        _ run: RunStatus,
        _ budgets: [Budget],
        fault: String?,
        coverage: Coverage?,
        openTransaction: OpenTransaction?,
        writers: [SourceWriter],
        now: Date
    ) {
        self.run = RunDocument(run)
        limits = RunLimitsDocument(run.run, budgets)
        self.coverage = coverage.map {
            CoverageDocument($0, sourceEnd: run.backlog?.highestID)
        }
        percent = run.percentPassed
        let parallelism = limits.parallelism
        let first = Obstacle(
            run,
            fault: fault,
            parallelism: parallelism,
            writers: writers,
            now: now
        )
        var reasons = [
            Reason(
                kind: first.kind,
                text: first.phrase,
                at: first.at,
                figures: Self.figures(run, parallelism)
            )
        ]
        if let fault {
            reasons.append(
                Reason(kind: "source", text: redacted(fault), at: nil, figures: [])
            )
        }
        for wait in run.waits {
            let budget = budgets.first { $0.owner == wait.owner }
            guard let reason = Self.reason(wait, budget) else { continue }
            // What stands first says all of it, unless there are figures.
            if reason.text != first.phrase || !reason.figures.isEmpty { reasons.append(reason) }
        }
        if let gap = Obstacle(unsettled: run, writers, now), gap.kind != first.kind {
            reasons.append(Reason(kind: gap.kind, text: gap.phrase, at: gap.at, figures: []))
        }
        if let openTransaction {
            reasons.append(
                Reason(
                    kind: "transaction",
                    text: redacted(openTransaction.words(at: now)),
                    at: openTransaction.since,
                    figures: []
                )
            )
        }
        self.reasons = reasons
    }

    private static func figures(_ run: RunStatus, _ parallelism: Int?) -> [Figure] {
        [
            Figure(
                name: "held_batches",
                value: Double(run.held.batches),
                of: parallelism.map(Double.init)
            ),
            Figure(name: "waiting_items", value: Double(run.waitingItems), of: nil),
            Figure(name: "open_gaps", value: Double(run.openGaps), of: nil),
            Figure(name: "failed_batches", value: Double(run.failedBatches), of: nil),
        ]
    }

    /// Why a budget is in the way; `nil` where it is full, and no worker waits for it.
    private static func reason(_ waiting: RunStatus.Waiting, _ budget: Budget?) -> Reason? {
        if let closing = waiting.closing {
            return Reason(kind: "limited", text: waiting.phrase, at: closing.until, figures: [])
        }
        guard let name = waiting.owner.name, let wait = waiting.wait else { return nil }
        var figures: [Figure] = []
        if let budget {
            figures = [
                Figure(
                    name: "held_batches",
                    value: Double(budget.held.batches),
                    of: budget.limits.batches.map(Double.init)
                ),
                Figure(
                    name: "held_weight",
                    value: budget.held.weight,
                    of: budget.limits.weight
                ),
                Figure(name: "needed_weight", value: wait.weight, of: nil),
            ]
        }
        return Reason(
            kind: "budget",
            text: "waits for budget \(name)",
            at: wait.since,
            figures: figures
        )
    }
}
