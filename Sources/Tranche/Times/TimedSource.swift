/// A source that finds the ids of a time.
package protocol TimedSource: MetaSource {
    /// Finds the ids of the entries that lie within the bounds of the source's time.
    ///
    /// - Returns: The ids, from the lowest to the highest.
    /// - Throws: ``TrancheError`` `.invalidItem` for an entry between them whose time cannot be
    ///   read; the source's failure.
    func timedIDs() async throws -> TimedIDs

    /// Finds an entry that has no time, and so lies within no bounds.
    ///
    /// - Returns: The lowest id of such; `nil` where there is none.
    /// - Throws: The source's failure.
    func idWithoutTime() async throws -> Int64?
}

extension TimedSource {
    package func idWithoutTime() async throws -> Int64? { nil }
}

/// The ids of the entries that lie within a time.
package struct TimedIDs: Sendable, Hashable {
    /// From the lowest to the highest; `nil` where there is none.
    package var ids: ClosedRange<Int64>?
    /// Whether an index found them; `nil` where that is not known.
    package var hasIndex: Bool?
    /// The statement that makes an index, where none found them.
    package var missingIndex: String?

    package init(ids: ClosedRange<Int64>?, hasIndex: Bool?, missingIndex: String? = nil) {
        self.ids = ids
        self.hasIndex = hasIndex
        self.missingIndex = missingIndex
    }
}
