package import FoundationEssentials

/// Bounds beyond which somebody is to be told.
package struct StatusCheck: Sendable {
    /// How long the oldest item of a run may wait; `nil` for ever.
    package var mostAge: Duration?
    /// How many items of a run may wait; `nil` for any number.
    package var mostBacklog: Int?
    /// How many batches of a run may have failed for good or be quarantined.
    package var mostFailed = 0

    /// Makes bounds.
    ///
    /// - Parameters:
    ///   - mostAge: How long the oldest item of a run may wait; `nil`, the default, for ever.
    ///   - mostBacklog: How many items of a run may wait; `nil`, the default, for any number.
    ///   - mostFailed: How many batches of a run may have failed for good or be quarantined; 0 by
    ///     default.
    package init(mostAge: Duration? = nil, mostBacklog: Int? = nil, mostFailed: Int = 0) {
        self.mostAge = mostAge
        self.mostBacklog = mostBacklog
        self.mostFailed = mostFailed
    }

    /// Finds what is wrong, the worst run first.
    package func findings(in reading: StatusReading, at now: Date) -> [StatusDocument.Finding] {
        reading.overview.runs.flatMap { run -> [StatusDocument.Finding] in
            guard run.run.cancellation == nil else { return [] }
            var words: [(StatusDocument.Finding.Kind, String)] = []
            if let fault = reading.faults[run.run.key] { words.append((.source, fault)) }
            if !run.isWeightKnown {
                words.append(
                    (.source, "has a weight that is not a number from 0 up; the run stops there")
                )
            }
            if case .held(let reason, _) = run.state { words.append((.held, "is held: \(reason)")) }
            // What somebody ordered, such as a pause or a window, is nothing wrong.
            for fault in run.waits where fault.closing?.isFault ?? false {
                words.append((.held, fault.words(at: now)))
            }
            words += failures(of: run)
            words += waiting(of: run, now)
            return words.map { StatusDocument.Finding(run.run.key, $0.0, $0.1) }
        }
    }

    private func failures(of run: RunStatus) -> [(StatusDocument.Finding.Kind, String)] {
        let stuck = run.summary.causes[.stuck]?.batches ?? 0
        let failed = run.failedBatches
        guard failed > mostFailed || stuck > mostFailed else { return [] }
        let words = HumanText.count(max(failed, stuck), "batch", "batches")
        let quarantined = run.batches(.quarantined)
        let parts = [
            stuck > 0 ? "\(HumanText.number(stuck)) of them stuck" : nil,
            quarantined > 0 ? "\(HumanText.number(quarantined)) of them quarantined" : nil,
        ].compactMap { $0 }
        let detail = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
        let bound = mostFailed > 0 ? ", more than \(HumanText.number(mostFailed))" : ""
        return [(.failed, "has \(words) that failed\(detail)\(bound)")]
    }

    private func waiting(
        of run: RunStatus,
        _ now: Date
    ) -> [(StatusDocument.Finding.Kind, String)] {
        var found: [(StatusDocument.Finding.Kind, String)] = []
        if let mostAge, let oldest = run.oldestAt {
            let age = HumanText.age(since: oldest, at: now)
            if now.timeIntervalSince(oldest) > mostAge.seconds {
                found.append(
                    (.age, "has an item that has waited for \(age), longer than \(mostAge.words)")
                )
            }
        }
        if let mostBacklog, run.waitingItems > mostBacklog {
            let items = HumanText.count(run.waitingItems, "item")
            found.append(
                (.backlog, "has \(items) waiting, more than \(HumanText.number(mostBacklog))")
            )
        }
        return found
    }
}
