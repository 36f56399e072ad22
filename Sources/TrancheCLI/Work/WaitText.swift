import FoundationEssentials
import Tranche

/// Why nothing is handed out, as people read it.
enum WaitText {
    /// The most writers and holders that are named.
    private static let mostNamed = 3

    /// The explanation in one line.
    static func words(_ wait: WaitExplanation) -> String {
        let here = ProcessMark.currentPlace
        var parts: [String] = []
        if case .unsettled = wait.reason, !wait.writers.isEmpty { parts.append(writers(wait)) }
        parts += held(wait, seenFrom: here)
        parts += again(wait)
        switch wait.reason {
        case .complete: return "all is done; waits for new items"
        case .limited: parts.insert("\(wait.reason)", at: 0)
        default: if parts.isEmpty { parts = ["\(wait.reason)"] }
        }
        return "\(wait.key): \(parts.joined(separator: "; "))"
    }

    // MARK: - Writers

    private static func writers(_ wait: WaitExplanation) -> String {
        words(wait.writers, for: wait.candidate, until: wait.until, at: wait.now)
    }

    /// That a run waits for transactions, and until when.
    static func words(
        _ writers: [SourceWriter],
        awaitedBy run: RunRecord,
        at now: Date
    ) -> String {
        let waiting = GapsDocument.Waiting(run)
        return words(writers, for: waiting?.candidate, until: waiting?.until, at: now)
    }

    private static func words(
        _ writers: [SourceWriter],
        for candidate: Int64?,
        until: Date?,
        at now: Date
    ) -> String {
        var names = writers.prefix(mostNamed).map { $0.words(at: now) }
        let more = writers.count - names.count
        if more > 0 { names.append("\(HumanText.number(more)) more") }
        var text = "waits for \(names.joined(separator: ", and "))"
        if let candidate {
            text += ": ids up to \(HumanText.number(candidate))"
        } else {
            text += ": ids that were passed over may still be committed"
        }
        if let until { text += ", until \(until.utcTime(on: now)) at the latest" }
        return text
    }

    // MARK: - Others' batches

    private static func held(_ wait: WaitExplanation, seenFrom here: String?) -> [String] {
        let held = wait.open.filter(\.isHeld)
        let workers = Dictionary(grouping: held) { $0.batch.worker ?? "an unknown worker" }
        let order = workers.sorted { $0.value[0].batch.id < $1.value[0].batch.id }
        var lines = order.prefix(mostNamed).map { worker, batches in
            words(batches, of: worker, wait, seenFrom: here)
        }
        if order.count > mostNamed {
            let more = order.count - mostNamed
            let words = HumanText.count(more, "more worker holds", "more workers hold")
            lines.append("\(words) others")
        }
        if wait.isCut { lines.append("more batches than these are open") }
        return lines
    }

    private static func words(
        _ batches: [OpenBatch],
        of worker: String,
        _ wait: WaitExplanation,
        seenFrom here: String?
    ) -> String {
        let count =
            batches.count == 1
            ? "batch \(batches[0].batch.id) is"
            : "\(HumanText.number(batches.count)) batches are"
        let lives = batches.compactMap { $0.process?.life(seenFrom: here) }
        let ends = batches.compactMap(\.batch.leaseExpiresAt)
        let heard = ends.max()?.addingTimeInterval(-wait.lease.seconds)
        var life = ""
        if lives.contains(.ended) {
            life = ", which is gone"
        } else if let heard {
            let silence = wait.now.timeIntervalSince(heard)
            // Heartbeats come at every third of a lease.
            let isSilent = silence > wait.lease.seconds / 3 + 5
            let ago = HumanText.relative(heard, to: wait.now)
            life = isSilent ? ", not heard of since \(ago)" : ", heard of \(ago)"
            if lives.contains(.running) { life += ", whose process runs on this host" }
        }
        let first = batches.min {
            ($0.batch.leaseExpiresAt ?? .distantFuture, $0.batch.id)
                < ($1.batch.leaseExpiresAt ?? .distantFuture, $1.batch.id)
        }
        let next = first.flatMap { open in
            open.batch.leaseExpiresAt.map { end in
                let silence = "at \(end.utcTime(on: wait.now)) without a heartbeat"
                return "; " + words(of: lapse(of: open.batch, wait.policy), silence)
            }
        }
        return "\(count) held by \(worker)\(life)\(next ?? "")"
    }

    private static func words(of lapse: Lapse, _ silence: String) -> String {
        switch lapse {
        case .offered: "offered again \(silence)"
        case .begun: "recorded as failed \(silence), as it may have been executed"
        case .last: "recorded as failed \(silence), as this is its last attempt"
        case .split: "split \(silence)"
        case .quarantined: "put into quarantine \(silence)"
        }
    }

    // MARK: - Leases that end

    /// That leases have ended, and whose one of them was.
    ///
    /// - Parameters:
    ///   - open: The batch whose lease ended first.
    ///   - count: How many of the run's batches are so.
    ///   - run: The run.
    ///   - now: The time by which it is told how long ago that was.
    /// - Returns: What follows the run's name.
    static func words(
        _ open: OpenBatch,
        amongLapsed count: Int,
        of run: RunRecord,
        at now: Date
    ) -> String {
        let worker = open.batch.worker.map { HumanText.oneLine($0) } ?? "an unknown worker"
        let ago = open.batch.leaseExpiresAt.map { ", " + HumanText.relative($0, to: now) } ?? ""
        let life =
            switch open.process?.life(seenFrom: ProcessMark.currentPlace) {
            case .ended: "; its process has ended"
            case .running:
                "; its process runs on this host and sends no heartbeat: a handler that takes no "
                    + "notice of being cancelled may go on"
            default: ""
            }
        let next = Self.next(after: open.batch, of: run).map { "; who asks next \($0)" } ?? ""
        return "has \(HumanText.count(count, "batch", "batches")) whose lease has ended, such as "
            + "\(open.batch.id) of \(worker)\(ago)\(life)\(next)"
    }

    /// What who asks next does with a batch whose lease has ended; `nil` where nobody gets anything
    /// of the run.
    private static func next(after batch: BatchRecord, of run: RunRecord) -> String? {
        if run.cancellation != nil || run.pauseInForce != nil || run.standing.hold != nil {
            return nil
        }
        return switch lapse(of: batch, run.policy) {
        case .offered: "takes it over"
        case .begun: "records it as failed, as it may have been executed"
        case .last: "records it as failed, as this was its last attempt"
        case .split: "splits it"
        case .quarantined: "puts it into quarantine"
        }
    }

    /// What becomes of a batch whose lease ends.
    private enum Lapse {
        case offered, begun, last, split, quarantined
    }

    private static func lapse(of batch: BatchRecord, _ policy: RunPolicy) -> Lapse {
        if batch.begunAt != nil { return .begun }
        // The lease that ended is a failure, too.
        guard batch.failures + 1 >= policy.attempts(of: batch) else { return .offered }
        switch policy.onExhausted {
        case .fail: return .last
        case .split: return batch.count > 1 ? .split : .quarantined
        }
    }

    // MARK: - Batches that are offered again

    private static func again(_ wait: WaitExplanation) -> [String] {
        let due = wait.open.filter { !$0.isHeld }
        guard let next = due.first, let at = next.offeredAt else { return [] }
        let batch = next.batch
        let more = due.count > 1 ? " (and \(HumanText.number(due.count - 1)) more later)" : ""
        let when = HumanText.relative(max(at, wait.now), to: wait.now)
        guard batch.status == .failed else {
            return ["batch \(batch.id) was put off, and is offered again \(when)\(more)"]
        }
        let attempt = "try \(batch.failures + 1) of \(max(wait.maxAttempts, batch.failures + 1))"
        return ["batch \(batch.id) failed, and is tried again \(when), \(attempt)\(more)"]
    }
}
