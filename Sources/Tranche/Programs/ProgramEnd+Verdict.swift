extension ProgramEnd {
    /// What the program made of a batch.
    ///
    /// - Parameter batch: The batch; it falls into parts when the program blames items of it.
    /// - Returns: The verdict, which is still to be recorded.
    /// - Throws: What reading the items throws.
    package func verdict(for batch: Batch) async throws -> BatchVerdict {
        if isCutShort { return .released(written) }
        if let deferral { return .deferred(deferral) }
        if let message = failure { return .failed(try await failure(message, batch)) }
        return .succeeded(
            BatchSuccess(result: result?.json, note: result?.note, output: written)
        )
    }

    /// The failure, with the parts that the batch falls into when the program blames items of it.
    private func failure(_ message: String, _ batch: Batch) async throws -> BatchFailure {
        var failure = BatchFailure(message, result: result?.json, isTransient: isTransient)
        failure.output = written
        if let note = result?.note { failure.message += " (\(note))" }
        do {
            if let fault = deferralFault { throw fault }
            let bad = try badItems()
            if bad.isEmpty { return failure }
            failure.parts = try await batch.inventory.parts(
                of: batch.record,
                bad: bad,
                in: batch.source
            )
            failure.isTransient = false
        } catch let error as Fault {
            failure.message += " (\(error.message))"
        } catch let error as TrancheError where error.code == .invalidArgument {
            // A program that blames strange items has failed all the same.
            failure.message += " (\(error.message))"
        }
        return failure
    }
}
