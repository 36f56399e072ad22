import Tranche

/// Runs a program for each batch, and shows how each ended.
struct ProgramHandler: BatchHandler {
    var program: BatchProgram
    let progress: Progress
    /// Told of each end, for programs that watch.
    let report: @Sendable (BatchReport) throws -> Void

    /// Runs the program.
    ///
    /// - Throws: What reading the items throws; ``SystemError`` when the program cannot be started.
    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        self.progress.update { $0.running += 1 }
        defer { self.progress.update { $0.running -= 1 } }
        let end = try await program.run(batch, progress)
        return try await end.verdict(for: batch)
    }

    // MARK: - Showing

    func ended(_ ended: BatchReport) throws {
        show(ended)
        try report(ended)
    }

    private func show(_ ended: BatchReport) {
        let batch = ended.batch
        let words = progress.tally.words(items: batch.count, weight: batch.weight)
        let ids = HumanText.ids(batch.ids.lowerBound, batch.ids.upperBound)
        var line =
            "batch \(batch.id) \(ended.end.words): ids \(ids), \(words), \(ended.elapsed.words)"
        if let remark = ended.end.error ?? ended.end.note { line += ": \(redacted(remark))" }
        progress.update(
            line,
            colour: ended.end.colour,
            isAlwaysShown: ended.end.colour != nil || ended.end.note != nil
        ) { tally in
            tally.note(ended.end, batch.id, items: batch.count, weight: batch.weight)
        }
    }

    func gaveBack(_ count: Int, failure: (any Error)?) {
        let words = HumanText.count(count, "batch that was", "batches that were")
        // What cannot be given back comes back when its lease ends.
        let end = failure.map { "; not all could be: \(redacted("\($0)"))" } ?? ""
        progress.update("gave back \(words) acquired ahead\(end)", isAlwaysShown: true)
    }

    func waits(for reason: NoBatchReason) {
        progress.update("waits: \(redacted("\(reason)"))", isAlwaysShown: true)
    }

    func couldNotRecord(_ batch: Batch, _ error: any Error) {
        progress.update(
            "the success of batch \(batch.id) could not be recorded: \(redacted("\(error)"))",
            isAlwaysShown: true
        )
    }
}
