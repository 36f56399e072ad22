public import Foundation

/// What a store answers to an acquire.
public enum AcquireOutcome: Sendable {
    /// Batches were handed out.
    case batches([HandedOut])
    /// There is nothing to hand out now.
    case none(NoBatchReason)
    /// Nothing is due; a plan of what follows this cursor is needed, made outside the lock.
    case needsPlan(after: Int64?)

    /// A batch that was handed out.
    public struct HandedOut: Sendable {
        /// The batch.
        public var record: BatchRecord
        /// How long it may be held without a heartbeat.
        public var lease: Duration
        /// Its items, when they were read on the way.
        public var items: [Item]?

        /// Makes a handed-out batch.
        public init(record: BatchRecord, lease: Duration, items: [Item]? = nil) {
            self.record = record
            self.lease = lease
            self.items = items
        }
    }
}

/// Why there is no batch now.
public enum NoBatchReason: Sendable, Hashable {
    /// Every item of the run is in a batch that has ended.
    case complete
    /// Batches are held by others, wait for a retry, or too little waits for more; look again then.
    case waiting(until: Date)
    /// Somebody paused the run.
    case paused(reason: String)
    /// The run cannot go on until something is put right, or until a time.
    case held(reason: String, until: Date?)
}

extension NoBatchReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .complete: "complete: every item is in a batch that has ended"
        case .waiting(let until): "waiting: the next batch is due at \(until.utcText)"
        case .paused(let reason):
            "paused\(reason.isEmpty ? "" : " (\(reason))"); 'tranche resume' lets it go on"
        case .held(let reason, let until):
            "held: \(reason)\(until.map { "; until \($0.utcText)" } ?? "")"
        }
    }
}
