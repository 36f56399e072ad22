/// How a chain's work on a batch ended, as `load` prints it.
package struct ChainEndDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let attempt: Int
    package let job: String
    package let meta: String
    package let run: String
    package let status: String
    package let idStart: Int64
    package let idEnd: Int64
    package let count: Int
    package let weight: Double
    package let seconds: Double
    package let counters: Counters
    package let error: String?

    /// Makes the document of an end.
    ///
    /// - Parameters:
    ///   - batch: The batch, as it was handed out.
    ///   - status: What became of it: a status of a batch, or `lost`.
    ///   - elapsed: How long the work took.
    ///   - counters: What was counted.
    ///   - error: The error of a failure.
    package init(
        _ batch: BatchRecord,
        status: String,
        elapsed: Duration,
        counters: Counters,
        error: String? = nil
    ) {
        self.batch = batch.id
        attempt = batch.attempt
        job = batch.key.job
        meta = batch.key.metaTable
        run = batch.key.run
        self.status = status
        idStart = batch.idStart
        idEnd = batch.idEnd
        count = batch.count
        weight = batch.weight ?? 0
        seconds = Double(elapsed.milliseconds) / 1000
        self.counters = counters
        self.error = error
    }

    enum CodingKeys: String, CodingKey {
        case batch, attempt, job, meta, run, status
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight, seconds, counters, error
    }
}
