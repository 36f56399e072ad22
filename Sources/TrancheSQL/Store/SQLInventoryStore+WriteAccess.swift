package import Tranche

/// A store that may be one that can only be looked at.
package protocol WriteAccessTelling: Sendable {
    /// Why nothing can be changed.
    ///
    /// - Returns: The reason, in words; `nil` where all can be changed.
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    func readOnlyReason() async throws -> String?
}

extension SQLInventoryStore: WriteAccessTelling {
    package func readOnlyReason() async throws -> String? {
        try await wrapping {
            try await database.readOnlyReason(of: [tables.run, tables.batch, tables.attempt])
        }
    }
}

extension TrancheError {
    /// Whether the inventory's database takes no writes, or none of this program's.
    package var isOfReadOnly: Bool {
        (underlying as? any SQLDatabaseError)?.refusesWriting ?? false
    }
}
