import FoundationEssentials
import Tranche

extension OverviewDocument.Verdict {
    /// Problems that are told, and notes.
    private static let most = 50

    /// Says what needs somebody, and what does not go on though nothing is wrong.
    ///
    /// - Parameters:
    ///   - findings: What is wrong.
    ///   - runs: The runs.
    ///   - open: Their batches that have not succeeded, as far as they are looked at.
    ///   - reading: What was read.
    init(
        _ findings: [StatusDocument.Finding],
        _ runs: [RunStatus],
        _ open: [RunKey: [BatchRecord]],
        _ reading: OverviewReading
    ) {
        let known = Dictionary(runs.map { ($0.run.key, $0) }, uniquingKeysWith: { $1 })
        let wrong = Set(findings.map(\.key))
        let still = runs.filter { !wrong.contains($0.run.key) }.compactMap {
            OverviewDocument.Problem(stillnessOf: $0, reading)
        }
        ok = findings.isEmpty
        problems = findings.prefix(Self.most).map { finding in
            OverviewDocument.Problem(finding, known[finding.key], open[finding.key] ?? [], reading)
        }
        moreProblems = max(0, findings.count - Self.most)
        notes = Array(still.prefix(Self.most))
        moreNotes = max(0, still.count - Self.most)
    }
}

extension OverviewDocument.Problem {
    /// How long nothing has succeeded before it is said that nobody works, in seconds: between two
    /// batches nobody holds any.
    private static let quiet = 60.0

    /// Tells what is wrong, since when, and why.
    fileprivate init(
        _ finding: StatusDocument.Finding,
        _ run: RunStatus?,
        _ open: [BatchRecord],
        _ reading: OverviewReading
    ) {
        let cause = Self.cause(of: finding.kind, run, open, reading)
        self.init(
            text: redacted(finding.message),
            kind: finding.kind.rawValue,
            job: finding.job,
            meta: finding.meta,
            run: finding.run,
            since: cause.since,
            reason: cause.reason
        )
    }

    private static func cause(
        of kind: StatusDocument.Finding.Kind,
        _ run: RunStatus?,
        _ open: [BatchRecord],
        _ reading: OverviewReading
    ) -> (since: Date?, reason: String?) {
        switch kind {
        case .failed:
            let failed = open.filter(\.needsSomebody)
            let last = failed.max {
                ($0.endedAt ?? .distantPast) < ($1.endedAt ?? .distantPast)
            }
            let words = HumanText.excerpt(redacted(last?.logging ?? ""), 120)
            // Since when is not known where the first were not read.
            let isWhole = failed.count >= run?.failedBatches ?? 0
            let since = isWhole ? failed.compactMap(\.endedAt).min() : nil
            return (since, words.isEmpty ? nil : words)
        case .age, .backlog:
            guard let run else { return (nil, nil) }
            let obstacle = Obstacle(run, reading)
            return (run.oldestAt, obstacle.kind == "nothing" ? nil : obstacle.phrase)
        case .held: return (run?.outageSince, nil)
        case .source: return (nil, nil)
        }
    }

    /// Tells that work of a run waits and does not go on, though nothing is wrong with it; `nil`
    /// where it goes on, or none waits.
    fileprivate init?(stillnessOf run: RunStatus, _ reading: OverviewReading) {
        let now = reading.asOf
        let obstacle = Obstacle(run, reading)
        let words: String
        if let stopped = run.stoppage(at: now), run.isStoppedByOrder {
            words = stopped
        } else if obstacle.kind == "no_worker",
            now.timeIntervalSince(run.summary.lastSuccess ?? .distantPast) >= Self.quiet
        {
            let about = run.backlog?.isExact ?? true ? "" : "about "
            let items = HumanText.count(run.waitingItems, "item")
            words = "has \(about)\(items) waiting, and no worker takes them"
        } else {
            return nil
        }
        let key = run.run.key
        self.init(
            text: redacted(words),
            kind: obstacle.kind,
            job: key.job,
            meta: key.metaTable,
            run: key.run,
            since: run.oldestAt,
            reason: nil
        )
    }
}

extension StatusDocument.Finding {
    /// The run that it is about.
    fileprivate var key: RunKey { RunKey(metaTable: meta, job: job, run: run) }
}

extension RunStatus {
    /// Whether somebody ordered that nothing of it is handed out; a budget that is merely full lets
    /// it in again by itself.
    fileprivate var isStoppedByOrder: Bool {
        run.pauseInForce != nil || waits.contains { $0.closing != nil }
    }

    /// When the first of the failures was for which it is held; `nil` where it is not held so.
    fileprivate var outageSince: Date? {
        guard run.outage.hold != nil else { return nil }
        return run.outage.failures.map(\.at).min().map { Date(milliseconds: $0) }
    }
}

extension BatchRecord {
    /// Whether it failed for good, is stuck, or is quarantined, and nobody cancelled it.
    fileprivate var needsSomebody: Bool {
        switch status {
        case .quarantined: true
        case .failed: (isFinal || cause == .stuck) && cause != .cancelled
        case .running, .released, .split, .succeeded: false
        }
    }
}
