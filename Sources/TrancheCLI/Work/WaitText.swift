import FoundationEssentials
import Tranche

/// Why nothing is handed out, as people read it.
enum WaitText {
    /// The most writers and holders that are named.
    private static let mostNamed = 3
    /// How much of a statement is shown.
    private static let shownOfQuery = 120

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
        var names = wait.writers.prefix(mostNamed).map { words($0, at: wait.now) }
        let more = wait.writers.count - names.count
        if more > 0 { names.append("\(HumanText.number(more)) more") }
        var text = "waits for \(names.joined(separator: ", and "))"
        if let candidate = wait.candidate {
            text += ": ids up to \(HumanText.number(candidate))"
        } else {
            text += ": ids that were passed over may still be committed"
        }
        if let until = wait.until { text += ", until \(time(until, wait.now)) at the latest" }
        return text
    }

    /// The writer: process, client, user, its state and since when, and its last statement.
    static func words(_ writer: SourceWriter, at now: Date) -> String {
        var parts: [String] = []
        if !writer.application.isEmpty { parts.append(writer.application) }
        if !writer.user.isEmpty {
            parts.append(writer.client.isEmpty ? writer.user : "\(writer.user)@\(writer.client)")
        }
        if !writer.state.isEmpty {
            parts.append(
                writer.state + (writer.stateSince.map { " since \(time($0, now))" } ?? "")
            )
        }
        if let since = writer.since, since != writer.stateSince {
            parts.append("begun \(time(since, now))")
        }
        let query = HumanText.oneLine(writer.query.trimmed(.all))
        if !query.isEmpty {
            let shown = query.prefix(shownOfQuery)
            parts.append("\"\(shown)\(shown.count < query.count ? "…" : "")\"")
        }
        let name =
            writer.prepared.map { "the prepared transaction '\($0)'" }
            ?? writer.process.map { "pid \($0)" } ?? "transaction \(writer.name)"
        return redacted(parts.isEmpty ? name : "\(name) (\(parts.joined(separator: ", ")))")
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
            lines.append("\(HumanText.number(order.count - mostNamed)) more workers hold others")
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
        let next = ends.min().map { "; offered again at \(time($0, wait.now)) without a heartbeat" }
        return "\(count) held by \(worker)\(life)\(next ?? "")"
    }

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

    /// A time of this day as such, another with its date; in UTC.
    static func time(_ time: Date, _ now: Date) -> String {
        let text = time.formatted(.iso8601.dateTimeSeparator(.space))
        let today = now.formatted(.iso8601.dateTimeSeparator(.space)).prefix(10)
        let shown = text.hasPrefix(today) ? text.dropFirst(11) : text[...]
        return "\(shown.prefix { $0 != "Z" }) UTC"
    }
}
