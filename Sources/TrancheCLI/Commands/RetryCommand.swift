import Tranche

/// Offers finally failed batches again.
struct RetryCommand: Command {
    static let description = CommandDescription(
        name: "retry",
        summary: "Offer finally failed batches again",
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Which",
                options: [
                    .init(
                        "batch",
                        "N",
                        "this batch; all of the run by default",
                        isRepeatable: true
                    ),
                    .init("cancelled", nil, "those that were cancelled, and no others"),
                    .init(
                        "may-repeat",
                        nil,
                        "those, too, that may have been executed (--execution at-most-once)"
                    ),
                ]
            ),
        ],
        notes: """
            Their failures are forgotten: they get all their attempts anew. Batches that were
            cancelled are taken with --cancelled alone, and keep the failures that they had.
            Those that work has begun on under --execution at-most-once are worked on once more
            with --may-repeat alone.

            """
    )

    private let selection: RunOptions
    private let batches: [Int64]
    private let cause: BatchCause?
    private let mayRepeat: Bool

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        cause = arguments.has("cancelled") ? .cancelled : nil
        mayRepeat = arguments.has("may-repeat")
        batches = try arguments.texts("batch").map { text in
            do {
                return try parseID(text)
            } catch let error as ValueError {
                throw UsageError("--batch '\(text)': \(error.message)")
            }
        }
        guard selection.selection.job != nil || !batches.isEmpty else {
            throw UsageError("name the job with --job, or batches with --batch")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (retried, leavesBegun) = try await context.withInventory { inventory in
            var runs = try await selection.find(in: inventory)
            if selection.selection.job != nil {
                runs = RunSelection(try await inventory.run(selection.find(in: inventory)).key)
            }
            for id in batches { try check(try await inventory.batch(id), in: runs) }
            let retried = try await inventory.retry(
                BatchSelection(runs: runs, status: .failed, cause: cause, ids: batches),
                mayRepeat: mayRepeat
            )
            let begun = BatchSelection(runs: runs, cause: .begun, limit: 1)
            return (retried, try await !inventory.batches(begun).isEmpty)
        }
        try context.write(RetryDocument(retried.sorted())) {
            retried.sorted().map { "batch \($0) is offered again\n" }.joined()
        }
        if retried.isEmpty {
            let what = cause == nil ? "has failed for good" : "is cancelled"
            try context.note("no batch \(what)")
        }
        if leavesBegun, cause == nil, batches.isEmpty {
            try context.note(
                "those that may have been executed are left as they are; --may-repeat offers them "
                    + "again"
            )
        }
        return retried.isEmpty ? .nothingNow : .done
    }

    /// Refuses a named batch that cannot be offered again, before any is.
    private func check(_ batch: BatchRecord, in runs: RunSelection) throws {
        let isMeant =
            [
                runs.job ?? batch.key.job, runs.metaTable ?? batch.key.metaTable,
                runs.run ?? batch.key.run,
            ]
            == [batch.key.job, batch.key.metaTable, batch.key.run]
        guard isMeant else {
            throw UsageError("batch \(batch.id) belongs to \(batch.key); nothing was changed")
        }
        if batch.cause == .cancelled, cause == nil {
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is cancelled; --cancelled offers it again. "
                    + "Nothing was changed"
            )
        }
        if let cause, batch.cause != cause {
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is not cancelled; nothing was changed"
            )
        }
        try batch.requireRepeatable(mayRepeat)
        guard batch.status == .failed, batch.isFinal || batch.cause == .stuck else {
            let state = batch.status == .failed ? "due for its next attempt" : batch.status.rawValue
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is \(state), not failed for good; nothing was changed"
            )
        }
    }
}
