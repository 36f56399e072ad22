public import Foundation

/// What a store does with batches that are long done.
public protocol CompactingStore: Sendable {
    /// Packs succeeded batches into the archive.
    ///
    /// What an unfinished downstream run may still read stays.
    ///
    /// - Parameters:
    ///   - selection: The runs.
    ///   - ended: Batches that ended before this are packed.
    ///   - isDryRun: Whether only to count.
    /// - Returns: What was packed, or would be.
    /// - Throws: ``TrancheError`` of the store; what was packed until then stays packed.
    func compact(_ selection: RunSelection, endedBefore ended: Date, isDryRun: Bool) async throws
        -> CompactionReport
}
