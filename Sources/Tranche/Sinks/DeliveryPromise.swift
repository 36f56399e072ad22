/// The promise of a sink about a batch that is written more than once.
public enum DeliveryPromise: String, Sendable, Hashable, Comparable, CaseIterable, Codable {
    /// A batch that is tried again is written again.
    case atLeastOnce
    /// Writing a batch again changes nothing.
    case idempotent
    /// One transaction commits the records and the batch's success, or neither.
    case transactional

    /// Whether one promises less than the other.
    public static func < (lhs: DeliveryPromise, rhs: DeliveryPromise) -> Bool {
        lhs.rank < rhs.rank
    }

    private var rank: Int {
        switch self {
        case .atLeastOnce: 0
        case .idempotent: 1
        case .transactional: 2
        }
    }
}

/// A sink's promise, with its reason.
public struct SinkPromise: Sendable, Hashable {
    /// The promise.
    public var delivery: DeliveryPromise
    /// Why it is no more than that; empty for the most there is.
    public var reason: String

    /// Makes a promise.
    public init(_ delivery: DeliveryPromise, reason: String = "") {
        self.delivery = delivery
        self.reason = reason
    }
}

extension Inventory {
    /// Refuses a sink that promises less than is wanted; to be called before work begins.
    ///
    /// - Parameters:
    ///   - wanted: What is wanted.
    ///   - sink: The sink.
    /// - Throws: ``TrancheError`` `.promiseNotKept` (permanent), with the reason; the sink's
    ///   failure.
    public func require(_ wanted: DeliveryPromise, of sink: some BatchSink) async throws {
        let promise = try await sink.promise(beside: store)
        guard promise.delivery < wanted else { return }
        throw TrancheError(
            .promiseNotKept,
            "\(sink.name) promises \(promise.delivery.rawValue), not \(wanted.rawValue): \(promise.reason)"
        )
    }
}

/// The promise of a source about ids that are committed late.
public enum SourcePromise: String, Sendable, Hashable, CaseIterable {
    /// Looks at gaps and audits find the ids that appear behind the cursor.
    case watched
    /// No id that is drawn and committed in the usual way is passed over: this is proven.
    case settled
}

extension MetaSource {
    /// Nothing is proven, unless a source says so.
    public var promise: SourcePromise { .watched }

    /// Refuses a source that promises less than is wanted.
    func require(_ wanted: SourcePromise?) throws {
        guard wanted == .settled, promise != .settled else { return }
        let reasons =
            risks.isEmpty
            ? "it declares no proof" : risks.map(\.explanation).joined(separator: "; ")
        throw TrancheError(
            .promiseNotKept,
            "'\(definition.table)' cannot promise that no id is committed late: \(reasons)"
        )
    }
}
