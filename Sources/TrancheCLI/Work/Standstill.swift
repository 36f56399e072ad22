import Tranche

extension Inventory {
    /// Finds out why a run would be given nothing, whatever waits in it, as an acquire tells it.
    ///
    /// - Parameters:
    ///   - summary: The run; `nil` where it has not begun.
    ///   - forecast: What would be handed out if nothing stood in the way.
    /// - Returns: The reason; `nil` where there is none but that nothing is due.
    /// - Throws: `TrancheError` of the store.
    func standstill(of summary: RunSummary?, _ forecast: Forecast) async throws -> NoBatchReason? {
        if let cancellation = summary?.run.cancellation { return .cancelled(cancellation) }
        if let reason = summary?.run.pauseInForce { return .paused(reason: reason) }
        if let hold = forecast.hold { return .held(reason: hold, until: nil) }
        guard let summary else { return nil }
        if let hold = RunStatus(summary: summary, gaps: [], risks: nil).hold {
            return .held(reason: hold.reason, until: hold.until)
        }
        // A run that has nothing left is complete, whatever limits it.
        guard forecast.batches > 0, let limit = try await zeroLimit(of: summary.run.key)
        else { return nil }
        return .held(reason: limit, until: nil)
    }
}

extension ProgramStatus {
    /// How a command ends that is shown what work would get, where that is nothing.
    init(insteadOfBatch reason: NoBatchReason?) {
        self =
            switch reason {
            case nil, .complete: .nothingNow
            case .cancelled: .cancelled
            default: .tryAgain
            }
    }
}
