import Tranche

extension BatchVerdict {
    /// How a batch ends whose events could not be read.
    ///
    /// - Parameter error: Why.
    /// - Returns: A failure, final for events that were cleaned, as they do not come back; released
    ///   where the task was cancelled.
    /// - Throws: The error, where it says that the batch is lost.
    static func unread(_ error: any Error) throws -> BatchVerdict {
        let known = error as? TrancheError
        if let known, known.isLoss { throw known }
        if Task.isCancelled { return .released() }
        var failure = BatchFailure(error)
        failure.isFinal = known?.code == .invalidItem
        return .failed(failure)
    }
}
