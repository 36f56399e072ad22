/// A success of work on a batch for all items but the bad ones.
///
/// Work that is given to ``Batches/process(workers:_:)``, a ``ClosureHandler`` or
/// ``Batch/process(_:)`` throws it. The good items are done, and each bad one is quarantined, in
/// one transaction.
public struct PartialSuccess: Error, Sendable, Hashable {
    /// The error of each bad item, by its id.
    public var reasons: [Int64: String]
    /// The result, as JSON; `nil` (the default) for nothing.
    public var result: String?

    /// Makes a success in part.
    ///
    /// - Parameters:
    ///   - reasons: What is wrong with each bad item, by its id; with none, all are good.
    ///   - result: What came out of it, as JSON.
    public init(blaming reasons: [Int64: String], result: String? = nil) {
        self.reasons = reasons
        self.result = result
    }
}

extension PartialSuccess: CustomStringConvertible {
    /// The success in words.
    public var description: String {
        let count = reasons.count
        return "done but for \(count) bad \(count == 1 ? "item" : "items")"
    }
}

extension Batch {
    /// The success that is to be recorded.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for an item that is not the batch's.
    func success(_ partial: PartialSuccess) async throws -> BatchSuccess {
        var success = BatchSuccess(result: partial.result)
        if !partial.reasons.isEmpty {
            success.parts = try await parts(doneBut: partial.reasons.mapValues(Optional.some))
        }
        return success
    }

    /// Records a success in part.
    ///
    /// - Returns: The success that is to be recorded where no item is bad; else the error that the
    ///   work is known to have ended with.
    func end(_ partial: PartialSuccess) async throws -> Result<AttemptSuccess, any Error> {
        do {
            let success = try await success(partial)
            guard !success.parts.isEmpty else {
                return .success(AttemptSuccess(holding, result: success.result, logging: nil))
            }
            try await succeed(inPart: BatchFailure(inPart: success))
            return .failure(partial)
        } catch let error as TrancheError where error.code == .invalidArgument {
            try await fail(error)
            return .failure(error)
        }
    }
}
