import Tranche

/// What became of a batch, for programs that watch.
struct BatchReport: Sendable {
    var batch: Batch
    var status: String
    var elapsed: Duration
    var result: String?
    var error: String?
    /// What is to be said of a result.
    var note: String?
}

/// Runs the program for a batch, and ends the batch accordingly.
struct BatchRun: Sendable {
    let batch: Batch
    let inventory: Inventory
    let source: any MetaSourceDescription
    let program: BatchProgram
    let progress: Progress
    let report: @Sendable (BatchReport) throws -> Void

    /// A success that is to be recorded.
    struct Success: Sendable {
        let run: BatchRun
        let done: Batch.Done
        fileprivate let report: BatchReport

        /// Tells that it was recorded, or that the batch was lost before.
        func tell(_ lost: TrancheError? = nil) throws {
            var report = report
            if let lost {
                report.status = "lost"
                report.error = lost.message
                report.result = nil
            }
            try run.tell(report)
        }
    }

    /// Runs the program and records how it ended, unless it succeeded.
    ///
    /// - Returns: The success.
    /// - Throws: Errors that are not the batch's own: a database or source that fails, a program that
    ///   cannot be started. The batch is given back then.
    func run() async throws -> Success? {
        let start = ContinuousClock.now
        progress.update { $0.running += 1 }
        defer { progress.update { $0.running -= 1 } }
        var ended = BatchReport(batch: batch, status: "", elapsed: .zero)
        var done: Batch.Done?
        do {
            let end = try await batch.whileHeld { try await program.run(batch) }
            done = try await record(end, in: &ended)
        } catch let error as TrancheError where error.code == .batchLost {
            ended.status = "lost"
            ended.error = error.message
        } catch {
            try await giveBack(after: error)
        }
        ended.elapsed = ContinuousClock.now - start
        if let done { return Success(run: self, done: done, report: ended) }
        try tell(ended)
        return nil
    }

    private func tell(_ ended: BatchReport) throws {
        show(ended)
        try report(ended)
    }

    /// Records any end but a success, which is returned.
    private func record(
        _ end: BatchProgram.End,
        in ended: inout BatchReport
    ) async throws -> Batch.Done? {
        if end.isCutShort {
            try await batch.release()
            ended.status = "released"
        } else if let failure = end.failure {
            let failure = try await self.failure(failure, of: end)
            let record = try await batch.fail(failure)
            let isForGood = record.status == .failed && record.isFinal
            ended.status = isForGood ? "failed for good" : record.status.rawValue
            ended.error = failure.message
        } else {
            let result = end.result
            ended.result = result?.json
            ended.note = result?.note
            ended.status = "succeeded"
            return Batch.Done(
                batch,
                GoodEnding(batch.holding, result: result?.json, logging: result?.note)
            )
        }
        return nil
    }

    /// The failure, with the parts that the batch falls into when the program blames items of it.
    private func failure(_ message: String, of end: BatchProgram.End) async throws -> BatchFailure {
        let result = end.result
        var failure = BatchFailure(message, result: result?.json, isTransient: end.isTransient)
        if let note = result?.note { failure.message += " (\(note))" }
        do {
            let bad = try end.badItems()
            if bad.isEmpty { return failure }
            failure.parts = try await batch.whileHeld {
                let opened = try await inventory.source(source)
                return try await inventory.parts(of: batch.record, bad: bad, in: opened)
            }
            failure.isTransient = false
        } catch let error as ValueError {
            failure.message += " (\(error.message))"
        } catch let error as TrancheError where error.code == .invalidArgument {
            // A program that blames strange items has failed all the same.
            failure.message += " (\(error.message))"
        }
        return failure
    }

    private func giveBack(after error: any Error) async throws -> Never {
        do {
            try await batch.release()
        } catch {
            // Its lease ends by itself; the first error says more.
        }
        throw error
    }

    private func show(_ ended: BatchReport) {
        let colour: Colour? =
            switch ended.status {
            case "succeeded": nil
            case "released", "lost": .yellow
            default: .red
            }
        let words = progress.tally.words(items: batch.count, weight: batch.weight)
        let ids = HumanText.ids(batch.ids.lowerBound, batch.ids.upperBound)
        var line = "batch \(batch.id) \(ended.status): ids \(ids), \(words), \(ended.elapsed.words)"
        if let error = ended.error ?? ended.note { line += ": \(redacted(error))" }
        let isAlwaysShown = ended.status != "succeeded" || ended.note != nil
        progress.update(line, colour: colour, isAlwaysShown: isAlwaysShown) { tally in
            switch ended.status {
            case "succeeded":
                tally.succeeded += 1
                tally.items += batch.count
                tally.add(weight: batch.weight)
            case "released": tally.released += 1
            case "lost": tally.lost += 1
            default: tally.failed += 1
            }
            tally.note(batch.id, isFinished: ["succeeded", "lost"].contains(ended.status))
        }
    }
}
