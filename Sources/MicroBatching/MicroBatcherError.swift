/// An error of a batcher itself, rather than of the batch function.
public enum MicroBatcherError: Error, Sendable, Hashable {
    /// The batcher was shut down before the request came.
    case terminated
    /// The batch function gave no result for this request.
    ///
    /// - Parameter id: The request's id, in words.
    case noResult(id: String)
    /// Another request of the same batch has this id; the first of them was sent.
    ///
    /// - Parameter id: The id, in words.
    case duplicateID(id: String)
    /// The queue is full, and the caller does not wait: see ``MicroBatcher/submit(_:)``.
    case queueFull
}

extension MicroBatcherError: CustomStringConvertible {
    /// The fault and the remedy.
    public var description: String {
        switch self {
        case .terminated: "the batcher was shut down; nothing is taken any more"
        case .noResult(let id): "the batch function gave no result for '\(id)'"
        case .duplicateID(let id):
            "a batch has more than one request with the id '\(id)'; the first was sent"
        case .queueFull: "the batcher's queue is full; try again later, or wait with execute"
        }
    }
}
