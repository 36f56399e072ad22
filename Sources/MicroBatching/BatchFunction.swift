/// What came of a batch.
@usableFromInline
enum BatchOutcome<Response: Sendable>: Sendable {
    /// A result for each request, in their order.
    case responses([Response])
    /// A result or error for each request, in their order.
    case each([Result<Response, any Error>])
}

/// Runs the batch function over requests, and gives each its own result.
@usableFromInline
struct BatchFunction<Request: Sendable, Response: Sendable>: Sendable {
    /// Given requests, gives what came of them, and how many results belonged to none.
    @usableFromInline let run:
        @Sendable ([Request]) async throws -> (outcome: BatchOutcome<Response>, uncorrelated: Int)

    @inlinable
    init(
        _ run:
            @escaping @Sendable ([Request]) async throws
            -> (outcome: BatchOutcome<Response>, uncorrelated: Int)
    ) {
        self.run = run
    }

    /// Results in the order of the requests.
    @inlinable
    static func ordered(
        _ process: @escaping @Sendable ([Request]) async throws -> [Response]
    ) -> BatchFunction {
        BatchFunction { requests in
            let responses = try await process(requests)
            if responses.count == requests.count { return (.responses(responses), 0) }
            let each = requests.indices.map { place -> Result<Response, any Error> in
                guard place < responses.count else {
                    return .failure(MicroBatcherError.noResult(id: "number \(place + 1)"))
                }
                return .success(responses[place])
            }
            return (.each(each), max(0, responses.count - requests.count))
        }
    }

    /// Results or errors in the order of the requests.
    @inlinable
    static func outcomes(
        _ process: @escaping @Sendable ([Request]) async throws -> [Result<Response, any Error>]
    ) -> BatchFunction {
        BatchFunction { requests in
            var each = try await process(requests)
            let surplus = max(0, each.count - requests.count)
            each.removeLast(surplus)
            for place in each.count..<requests.count {
                each.append(.failure(MicroBatcherError.noResult(id: "number \(place + 1)")))
            }
            return (.each(each), surplus)
        }
    }

    /// Results in any order, each with the id of its request.
    @inlinable
    static func correlated<ID: Hashable & Sendable>(
        _ id: @escaping @Sendable (Request) -> ID,
        _ resultID: @escaping @Sendable (Response) -> ID,
        _ process: @escaping @Sendable ([Request]) async throws -> [Response]
    ) -> BatchFunction {
        BatchFunction { requests in
            let correlation = Correlation<ID, Response>(requests.map(id))
            let responses = try await process(correlation.unique(of: requests))
            return correlation.match(responses, resultID)
        }
    }

    /// Results or errors by the id of their request.
    @inlinable
    static func keyed<ID: Hashable & Sendable>(
        _ id: @escaping @Sendable (Request) -> ID,
        _ process: @escaping @Sendable ([Request]) async throws -> [ID: Result<Response, any Error>]
    ) -> BatchFunction {
        BatchFunction { requests in
            let correlation = Correlation<ID, Response>(requests.map(id))
            let results = try await process(correlation.unique(of: requests))
            return correlation.match(results)
        }
    }
}
