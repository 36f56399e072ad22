import FoundationEssentials
import Tranche
import TrancheWorkflows

/// Workflows as people read them.
enum WorkflowText {
    /// That a workflow has begun.
    static func begun(_ handle: WorkflowHandle) -> String {
        let record = handle.record
        return
            "\(record.key): generation \(record.generation), digest \(record.digest.prefix(12)); "
            + "'tranche workflow work \(record.key.commandOptions)' works on it"
    }

    /// Workflows, a line each.
    static func list(_ handles: [WorkflowHandle], _ context: Context) -> String {
        if handles.isEmpty { return "" }
        var table = Table([
            .text("JOB"), .text("META"), .text("RUN"), .number("GENERATION"), .text("DIGEST"),
            .text("BEGUN"), .text("BY"),
        ])
        for record in handles.map(\.record) {
            table.add([
                Table.Cell(record.key.job), Table.Cell(record.key.metaTable),
                Table.Cell(record.key.run.isEmpty ? "-" : record.key.run),
                Table.Cell(String(record.generation)), Table.Cell(String(record.digest.prefix(12))),
                Table.Cell(HumanText.relative(record.startedAt, to: context.now())),
                Table.Cell(record.startedBy ?? "-"),
            ])
        }
        return table.text(context.style)
    }

    /// How far a workflow is.
    static func words(_ progress: WorkflowProgress) -> String {
        let key = RunKey(metaTable: progress.meta, job: progress.job, run: progress.run)
        let why = progress.reason.map { " (\(redacted(HumanText.oneLine($0))))" } ?? ""
        var lines = ["\(key), generation \(progress.generation): \(progress.state)\(why)"]
        let percent = progress.donePercent.map { HumanText.fixed($0, 1) + " %, " } ?? ""
        lines.append("done: \(percent)\(size(progress.succeeded))")
        if let words = progress.sourceError {
            lines.append("left: not known, the source cannot be asked: \(HumanText.oneLine(words))")
        }
        for (name, amount) in [
            ("in hand", progress.running), ("waiting", progress.waiting),
            ("failed", progress.failed), ("quarantined", progress.quarantined),
            ("stuck", progress.stuck), ("cancelled", progress.cancelled),
        ] where amount.batches > 0 {
            lines.append("\(name): \(size(amount))")
        }
        if let left = progress.left, left.items > 0 { lines.append("left: about \(size(left))") }
        lines.append(pace(progress))
        for failure in progress.failures {
            let ids = HumanText.ids(failure.idStart, failure.idEnd)
            let error = redacted(HumanText.oneLine(failure.error ?? "no error is known"))
            lines.append("  batch \(failure.batch), ids \(ids): \(error)")
        }
        return lines.joined(separator: "\n")
    }

    private static func size(_ amount: WorkflowProgress.Amount) -> String {
        let batches = HumanText.count(amount.batches, "batch", "batches")
        return "\(batches), \(HumanText.count(amount.items, "item")), weight "
            + HumanText.weight(amount.weight, isBytes: false)
    }

    private static func pace(_ progress: WorkflowProgress) -> String {
        let limit = progress.parallelism.map { " of \($0)" } ?? ""
        if progress.mostParallel == 0 { return "pace: none has run yet" }
        var words = "pace: at most \(progress.mostParallel)\(limit) at once"
        if let items = progress.itemsPerSecond { words += ", " + HumanText.pace(items: items) }
        if let left = progress.secondsLeft, left.to > 0 {
            let (from, to) = (Duration.seconds(left.from), Duration.seconds(left.to))
            words += ", \(from.words == to.words ? to.words : "\(from.words) to \(to.words)") left"
        }
        return words
    }

    /// Tells how a workflow ended.
    ///
    /// - Parameters:
    ///   - result: What came of it.
    ///   - isUnfinished: Whether this process leaves batches unfinished.
    ///   - context: Where it is shown.
    /// - Returns: How the program ends.
    /// - Throws: Why standard output takes no more.
    static func tell(
        _ result: WorkflowResult,
        isUnfinished: Bool = false,
        _ context: Context
    ) throws -> ProgramStatus {
        let document = WorkflowResultDocument(result)
        try context.write(document) { words(result.progress) }
        if let reason = document.reason {
            let progress = result.progress
            let key = RunKey(metaTable: progress.meta, job: progress.job, run: progress.run)
            try context.note("\(key): \(reason)")
        }
        return switch result.ending {
        case .complete: .done
        case .cancelled: .cancelled
        case .completeWithFailures: .failed
        case .superseded, .unfinished: .tryAgain
        case .stopped: isUnfinished ? .interrupted : .done
        }
    }
}
