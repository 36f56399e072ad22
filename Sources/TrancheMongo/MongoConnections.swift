import Synchronization
import Tranche

/// The connections of a source or sink, kept for the next request.
final class MongoConnections: Sendable {
    /// What they are for; errors are told accordingly.
    enum Use: Sendable {
        case source, sink
    }

    private let location: MongoLocation
    private let use: Use
    private let idle = Mutex<[MongoConnection]>([])

    init(_ location: MongoLocation, use: Use) {
        self.location = location
        self.use = use
    }

    /// Lends a connection.
    ///
    /// - Throws: `TrancheError` `.sourceUnavailable`, `.sourceFailed`, or the sink's; what `body`
    ///   throws.
    func lend<Result: Sendable>(
        _ body: @Sendable (MongoConnection) async throws -> Result
    ) async throws -> Result {
        do {
            let connection = try idle.withLock { $0.popLast() } ?? MongoConnection(location)
            // The library connects again by itself where a connection was lost.
            defer { idle.withLock { $0.append(connection) } }
            return try await body(connection)
        } catch let error as MongoError {
            let isPassing = error.category == .transient
            let code: TrancheError.Code =
                switch use {
                case .source: isPassing ? .sourceUnavailable : .sourceFailed
                case .sink: isPassing ? .sinkUnavailable : .sinkFailed
                }
            throw TrancheError(code, "\(location.name): \(error.message)", underlying: error)
        }
    }

    /// Closes those that are not in use.
    func close() { idle.withLock { $0 = [] } }
}
