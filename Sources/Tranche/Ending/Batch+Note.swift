public import FoundationEssentials

extension Batch {
    /// Extends the lease, and leaves a note for the next attempt at the batch.
    ///
    /// The last note counts. An attempt that fails, gives the batch back or dies leaves it to the
    /// next one, which reads it by ``note()`` and may go on from there.
    ///
    /// - Parameter note: The note, which is kept without passwords; at most
    ///   ``AttemptOutput/mostNoteBytes`` bytes of UTF-8.
    /// - Returns: When the lease ends now, by the inventory's clock.
    /// - Throws: As ``heartbeat()``; ``TrancheError`` `.invalidArgument` for a longer note.
    @discardableResult
    public func heartbeat(note: String) async throws -> Date {
        try AttemptOutput.validate(note: note)
        try await keep(AttemptOutput(note: AttemptOutput.kept(note: note)))
        return try await heartbeat()
    }

    /// The note that an earlier attempt at the batch left; `nil` where there is none.
    ///
    /// - Throws: ``TrancheError`` of the store.
    public func note() async throws -> String? {
        guard attempt > 1 else { return nil }
        return try await inventory.retrying(within: lease) { _ in
            try await inventory.store.note(of: id)
        }
    }

    /// Keeps what was written so far, while the batch is held.
    ///
    /// Throws ``TrancheError`` `.batchLost` where it is not.
    package func keep(_ output: AttemptOutput) async throws {
        try await reportingLoss {
            try await inventory.retrying(within: lease) { _ in
                try await inventory.store.keep(output, of: holding)
            }
        }
    }
}

extension AttemptOutput {
    /// The longest note, in bytes of UTF-8.
    public static let mostNoteBytes = 8192

    /// A note as a database and an environment can hold it, without passwords.
    package static func kept(note: String) -> String {
        redacted(note).replacing("\0", with: "\u{FFFD}")
    }

    /// Checks that a note is short enough.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` where it is not.
    package static func validate(note: String) throws {
        let count = note.utf8.count
        guard count <= mostNoteBytes else {
            throw TrancheError(
                .invalidArgument,
                "the note has \(count) bytes; give at most \(mostNoteBytes)"
            )
        }
    }
}
