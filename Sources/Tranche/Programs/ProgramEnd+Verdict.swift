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
        var success = BatchSuccess(result: result?.json, note: result?.note, output: written)
        let faulty: String
        do {
            let bad = try await badItems(of: batch)
            if !bad.isEmpty { success.parts = try await batch.parts(doneBut: bad) }
            return .succeeded(success)
        } catch let error as Fault {
            faulty = error.message
        } catch let error as TrancheError where error.code == .invalidArgument {
            faulty = error.message
        }
        // The items that it meant are not done, whichever these are.
        var failure = BatchFailure("\(codeWords(0)), but \(faulty)", result: result?.json)
        failure.output = written
        return .failed(failure)
    }

    /// The failure, with the parts that the batch falls into when the program blames items of it.
    private func failure(_ message: String, _ batch: Batch) async throws -> BatchFailure {
        var failure = BatchFailure(message, result: result?.json, isTransient: isTransient)
        failure.output = written
        if let note = result?.note { failure.message += " (\(note))" }
        if let fault = noteFault { failure.message += " (\(fault))" }
        do {
            if let fault = deferralFault { throw fault }
            let bad = try await badItems(of: batch)
            if bad.isEmpty { return failure }
            failure.parts = try await batch.parts(bad: bad)
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
