import Tranche

/// Runs a program for each batch, and shows how each ended.
struct ProgramHandler: BatchHandler {
    var program: BatchProgram
    let progress: Progress
    /// What is to be said of a batch before it is worked on, once; `nil` (the default) where
    /// nothing is.
    var remark: OneRemark?
    /// The numbers of the batch's events by their ids; `nil` (the default) where the items are no
    /// events.
    var events: [ExactText: [Int64]]?
    /// Called with each end, for programs that watch.
    let report: @Sendable (BatchReport) throws -> Void

    /// Runs the program.
    ///
    /// - Throws: What reading the items throws; ``SystemError`` when the program cannot be started.
    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        if let words = remark?.words(on: batch.record) {
            self.progress.update(words, isAlwaysShown: true)
        }
        do {
            var end = try await program.run(batch, progress)
            end.events = events
            return try await end.verdict(for: batch)
        } catch let unfit as UnfitItems {
            return try await unfit.verdict(for: batch)
        }
    }

    // MARK: - Showing

    func ended(_ ended: BatchReport) throws {
        progress.show(ended)
        try report(ended)
    }

    func gaveBack(_ batches: [Batch], failure: (any Error)?) {
        progress.gaveBack(batches, failure: failure)
    }

    func couldNotRecord(_ batch: Batch, _ error: any Error) {
        progress.update(
            "the success of batch \(batch.id) could not be recorded: \(redacted("\(error)"))",
            colour: .red,
            isAlwaysShown: true,
            about: batch.record
        )
    }
}

extension Progress {
    /// Says that batches were given back before work on them began.
    ///
    /// - Parameters:
    ///   - batches: The batches.
    ///   - failure: What kept any of them from it.
    func gaveBack(_ batches: [Batch], failure: (any Error)? = nil) {
        let words = HumanText.count(batches.count, "batch", "batches")
        // What cannot be given back comes back when its lease ends.
        let end = failure.map { "; not all could be: \(redacted("\($0)"))" } ?? ""
        update(
            "gave back \(words) before work began\(end)",
            colour: failure == nil ? nil : .yellow,
            isAlwaysShown: true
        ) {
            $0.giveBack(batches.map(\.id))
        }
    }

    /// Says how an attempt ended.
    ///
    /// - Parameters:
    ///   - report: The end.
    ///   - job: The job, where there are several.
    func show(_ report: BatchReport, of job: String? = nil) {
        let (batch, end) = (report.batch, report.end)
        let size = tally.words(items: batch.count, weight: batch.weight)
        let ids = HumanText.ids(batch.ids.lowerBound, batch.ids.upperBound)
        var line = job.map { "\($0): " } ?? ""
        line += "batch \(batch.id) \(end.words): ids \(ids), \(size), \(report.elapsed.words)"
        if let remark = end.error ?? end.note { line += ": \(redacted(remark))" }
        if let retryAt = report.retryAt {
            let now = batch.inventory.now
            line += "; tried again \(HumanText.relative(max(retryAt, now), to: now))"
        }
        update(
            line,
            colour: end.colour,
            isAlwaysShown: end.colour != nil || end.note != nil,
            about: batch.record
        ) {
            $0.note(end, batch.id, items: batch.count, weight: batch.weight)
        }
    }
}
