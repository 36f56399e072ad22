/// What is kept of who did what with runs and batches, and why.
extension Inventory {
    /// Keeps what was done with batches.
    func keep(_ what: String, ofBatches ids: [Int64], because reason: String?) async throws {
        if ids.isEmpty { return }
        let note = ChangeNote(by: configuration.worker, reason: reason)
        try await retrying { _ in try await store.keep(what, ofBatches: ids, note) }
    }

    /// Keeps that a run was paused, or goes on; where it is as it was, that is not a change.
    ///
    /// - Parameters:
    ///   - run: The run as it was.
    ///   - new: How it is paused now, in words; `nil` where it is not.
    ///   - reason: The reason.
    /// - Throws: ``TrancheError`` of the store.
    func keepPause(of run: RunRecord, now new: String?, because reason: String?) async throws {
        let old = run.pauseWords
        let before = run.pauseReason.flatMap { $0.isEmpty ? nil : $0 }
        guard old != new || new != nil && before != reason else { return }
        let note = ChangeNote(by: configuration.worker, reason: reason)
        try await retrying { _ in
            try await store.keep("pause", of: run.key, from: old, to: new, note)
        }
    }
}

extension RunRecord {
    /// How it is paused; `nil` where it is not.
    fileprivate var pauseWords: String? {
        guard pauseReason != nil else { return nil }
        return letThrough > 0 ? Self.pauseWords(after: letThrough) : Self.pauseWords
    }

    /// That a run is paused.
    static let pauseWords = "paused"

    /// That a run is paused once it has handed out some more.
    static func pauseWords(after batches: Int) -> String {
        "\(pauseWords) after \(HumanText.count(batches, "batch", "batches"))"
    }
}
