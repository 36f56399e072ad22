/// How a program's work on a batch ended, as `work` prints it.
package struct BatchEndDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let attempt: Int
    package let job: String
    package let run: String
    package let kind: BatchKind
    package let status: String
    package let idStart: Int64
    package let idEnd: Int64
    package let count: Int
    package let weight: Double
    package let seconds: Double
    package let result: RawJSON?
    package let error: String?
    package let bad: [BadItem]

    /// An item that is quarantined.
    package struct BadItem: Codable, Sendable, Hashable {
        package let id: Int64
        package let error: String?
    }

    /// Makes the document of an end.
    ///
    /// - Parameters:
    ///   - batch: The batch, as it was handed out.
    ///   - status: What became of it: a status of a batch, or `lost`.
    ///   - elapsed: How long the work took.
    ///   - result: The result, as JSON.
    ///   - error: The error of a failure, or what is wrong with bad items.
    ///   - bad: The items that are quarantined, one a part.
    package init(
        _ batch: Batch,
        status: String,
        elapsed: Duration,
        result: String? = nil,
        error: String? = nil,
        bad: [BatchPart] = []
    ) {
        self.batch = batch.id
        attempt = batch.attempt
        job = batch.job
        run = batch.run
        kind = batch.kind
        self.status = status
        idStart = batch.ids.lowerBound
        idEnd = batch.ids.upperBound
        count = batch.count
        weight = batch.weight
        seconds = Double(elapsed.milliseconds) / 1000
        self.result = result.map(RawJSON.init)
        self.error = error
        self.bad = bad.compactMap { part in
            part.ids.first.map { BadItem(id: $0, error: part.reason ?? error) }
        }
    }

    enum CodingKeys: String, CodingKey {
        case batch, attempt, job, run, kind, status
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight, seconds, result, error, bad
    }
}
