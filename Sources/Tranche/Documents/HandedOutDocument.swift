/// A batch as it is handed out, with its items.
package struct HandedOutDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let attempt: Int
    package let job: String
    package let run: String
    package let kind: BatchKind
    package let isExact: Bool
    package let idStart: Int64
    package let idEnd: Int64
    package let count: Int
    package let weight: Double
    package let key: String?
    package let from: String?
    package let to: String?
    /// How long it may be held without a heartbeat, in seconds.
    package let lease: Double
    package let items: [Item]

    /// Makes the document of a batch in hand.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - items: Its items, ascending; a writer that streams them gives none.
    package init(_ batch: Batch, items: [Item] = []) {
        self.batch = batch.id
        attempt = batch.attempt
        job = batch.job
        run = batch.run
        kind = batch.kind
        isExact = batch.isExact
        idStart = batch.ids.lowerBound
        idEnd = batch.ids.upperBound
        count = batch.count
        weight = batch.weight
        key = batch.record.itemKey
        from = batch.intervalText?.from
        to = batch.intervalText?.to
        lease = batch.lease.seconds
        self.items = items
    }

    enum CodingKeys: String, CodingKey {
        case batch, attempt, job, run, kind
        case isExact = "exact"
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight, key, from, to
        case lease = "lease_s"
        case items
    }
}
