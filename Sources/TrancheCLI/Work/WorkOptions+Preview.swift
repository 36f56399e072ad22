import Tranche
import TrancheWorkflows

/// What CMD would get of the next batch, shown in place of work.
extension WorkOptions {
    /// The option that shows the next batch in place of work.
    static func dryRunOption(isUsual: Bool) -> CommandDescription.Option {
        .init(
            "dry-run",
            nil,
            "show the next batch as CMD would get it (arguments, variables, first lines of "
                + "standard input); nothing is acquired or written",
            isUsual: isUsual,
            brief: "show what CMD would get of the next batch"
        )
    }

    /// Shows what CMD would get of the next batch.
    ///
    /// - Parameters:
    ///   - context: What the command works with.
    ///   - check: Looks at what is asked for, once all of it is known.
    /// - Returns: How to exit.
    /// - Throws: ``UsageError``, and what the inventory and the source throw.
    func showNext(
        _ context: Context,
        _ check: (BatchRequest) throws -> Void
    ) async throws -> ProgramStatus {
        try await context.withInventory(worker: job.worker) { inventory in
            let completed = try await job.completed(context, in: inventory)
            if !completed.isBoundedByTime { try check(completed.request) }
            try await completed.requireMeantRun(in: inventory)
            let source = try completed.source(context.settings)
            let opened = try await completed.blamingOptions {
                let opened = try await completed.open(source, in: inventory, context)
                try input.check(opened)
                return opened
            }
            guard
                let job = try await completed.timed(context, opened, from: source, in: inventory)
            else {
                if context.isJSON { try context.output.writeLine("null") }
                return .nothingNow
            }
            let key = try await job.key(in: inventory)
            try await job.limits.requireBudgets(ofNew: key, in: inventory)
            let next: (batch: Batch?, forecast: Inventory.Forecast)
            do {
                next = try await inventory.preview(job.request, from: source)
            } catch let error as TrancheError {
                let named = error.naming(delimiterOf: opened)
                throw try await completed.naming(named, opened, in: inventory, context)
            }
            let summary = try await inventory.summaries(RunSelection(key)).first
            let reason = try await inventory.standstill(of: summary, next.forecast)
            let isCancelled = if case .cancelled = reason { true } else { false }
            guard let batch = next.batch, !isCancelled else {
                if context.isJSON { try context.output.writeLine("null") }
                let words = reason.map { ": \($0)" } ?? Self.words(next.forecast)
                try context.note("nothing would be handed out\(words)")
                return ProgramStatus(insteadOfBatch: reason)
            }
            if let reason { try context.note("it is not handed out now: \(reason)") }
            if let note = job.sizeNote(on: batch.record) { try context.note(note) }
            let environment = context.environment.withoutBatch
                .merging(parameters.environment) { $1 }
            let given = try await input.preview(of: batch, program, environment)
            var variables =
                try await input.isPersistent
                ? ProgramPool.variables(for: batch) : batch.programVariables()
            variables.merge(parameters.environment) { $1 }
            let document = WorkPreviewDocument(batch, given, variables)
            let weighsBytes = opened.definition.weighsBytes || job.saysBytes
            try context.write(document) { document.text(weighsBytes: weighsBytes) }
            return .done
        }
    }

    /// Why there is no next batch, as the end of a sentence.
    private static func words(_ forecast: Inventory.Forecast) -> String {
        if forecast.open.isEmpty { return "" }
        let count = HumanText.count(forecast.open.count, "batch is", "batches are")
        return ": \(count) held by workers, or not due yet"
    }
}
