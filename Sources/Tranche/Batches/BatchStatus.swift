/// The state of a batch.
public enum BatchStatus: String, Sendable, Hashable, Codable, CaseIterable {
    /// A worker holds it.
    case running
    /// It is done, finally.
    case succeeded
    /// Its last attempt failed; finally, when no retry is due.
    case failed
    /// It was given back unharmed.
    case released
    /// It fell into parts, or was made a batch again.
    case split
    /// Its single item failed every attempt.
    case quarantined
}

/// How a batch came to be.
public enum BatchKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The next range of the open-ended run.
    case incremental
    /// The next range of a named run.
    case backfill
    /// Ids that appeared behind the cursor.
    case late
    /// A part of a batch that failed.
    case split
    /// Quarantined items, or those of a batch that succeeded, made a batch again.
    case redrive
}
