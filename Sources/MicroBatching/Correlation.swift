/// Which request of a batch has which id.
@usableFromInline
struct Correlation<ID: Hashable & Sendable, Response: Sendable>: Sendable {
    @usableFromInline let ids: [ID]
    @usableFromInline var places: [ID: Int]
    @usableFromInline var duplicates: [Int] = []

    /// Makes a correlation.
    ///
    /// - Parameter ids: The requests' ids, in order; of several that are equal the first counts.
    @inlinable
    init(_ ids: [ID]) {
        self.ids = ids
        places = [ID: Int](minimumCapacity: ids.count)
        for (place, id) in ids.enumerated() {
            if let first = places.updateValue(place, forKey: id) {
                places[id] = first
                duplicates.append(place)
            }
        }
    }

    /// The requests whose ids count.
    @inlinable
    func unique<Request>(of requests: [Request]) -> [Request] {
        guard !duplicates.isEmpty else { return requests }
        let left = Set(duplicates)
        return requests.indices.filter { !left.contains($0) }.map { requests[$0] }
    }

    /// Gives each request its result; of several with one id the first counts.
    @inlinable
    func match(
        _ responses: [Response],
        _ resultID: (Response) -> ID
    ) -> (outcome: BatchOutcome<Response>, uncorrelated: Int) {
        // A function that keeps the order needs no more than a look.
        if duplicates.isEmpty, responses.count == ids.count,
            zip(responses, ids).allSatisfy({ resultID($0) == $1 })
        {
            return (.responses(responses), 0)
        }
        var each = missing
        var isMatched = [Bool](repeating: false, count: ids.count)
        var uncorrelated = 0
        for response in responses {
            guard let place = places[resultID(response)], !isMatched[place] else {
                uncorrelated += 1
                continue
            }
            isMatched[place] = true
            each[place] = .success(response)
        }
        return (.each(each), uncorrelated)
    }

    /// Gives each request its result or error.
    @inlinable
    func match(
        _ results: [ID: Result<Response, any Error>]
    ) -> (outcome: BatchOutcome<Response>, uncorrelated: Int) {
        var each = missing
        var matched = 0
        for (id, place) in places {
            guard let result = results[id] else { continue }
            matched += 1
            each[place] = result
        }
        return (.each(each), results.count - matched)
    }

    /// The outcome of requests that get no result.
    @usableFromInline
    var missing: [Result<Response, any Error>] {
        var each = ids.map { id -> Result<Response, any Error> in
            .failure(MicroBatcherError.noResult(id: String(describing: id)))
        }
        for place in duplicates {
            let id = String(describing: ids[place])
            each[place] = .failure(MicroBatcherError.duplicateID(id: id))
        }
        return each
    }
}
