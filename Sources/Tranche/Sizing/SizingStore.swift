/// A store that keeps the weight of batches that follows from their time.
public protocol SizingStore: Sendable {
    /// Reads the weight that the batches of a run have, and how long the latest took.
    ///
    /// - Parameter key: The run; one that there is not has no weight, and no batches.
    /// - Returns: The weight, `nil` where none was found yet; and the times of the batches that
    ///   have succeeded or timed out, among the 256 with the highest ids, in any order.
    /// - Throws: ``TrancheError`` of the store.
    /// - Complexity: O(log m), m batches of the run.
    func sizing(of key: RunKey) async throws -> (known: BatchSizing?, ends: [BatchTime])

    /// Keeps a weight, unless somebody else has kept another meanwhile.
    ///
    /// - Parameters:
    ///   - sizing: The weight.
    ///   - known: The one that it was found from; `nil` for none.
    ///   - key: The run; that there is none is not an error.
    /// - Throws: ``TrancheError`` of the store.
    func note(_ sizing: BatchSizing, insteadOf known: BatchSizing?, of key: RunKey) async throws
}
