extension RunRecord {
    /// What is kept of a pause, or of its end.
    ///
    /// - Parameters:
    ///   - reason: The new reason; `nil` where the run goes on.
    ///   - batches: How many batches it hands out before the pause.
    ///   - note: The author, and the reason.
    /// - Returns: How it was paused before and how it is paused then, in words; `nil` where it is
    ///   as it was, which is not a change.
    package func pauseChange(
        to reason: String?,
        after batches: Int = 0,
        _ note: ChangeNote
    ) -> (old: String?, new: String?)? {
        let old = pauseReason.map { _ in Self.pauseWords(after: letThrough) }
        let new = reason.map { _ in Self.pauseWords(after: batches) }
        let before = pauseReason.flatMap { $0.isEmpty ? nil : $0 }
        return old != new || new != nil && before != note.reason ? (old, new) : nil
    }

    /// That a run is paused, at once or once it has handed out some more.
    private static func pauseWords(after batches: Int) -> String {
        batches > 0
            ? "paused after \(HumanText.count(batches, "batch", "batches"))" : "paused"
    }
}
