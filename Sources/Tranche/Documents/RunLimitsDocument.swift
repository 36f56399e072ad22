/// What limits how much of a run is held at once, as `set` and `restore` print it.
package struct RunLimitsDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let parallelism: Int?
    package let budgets: [String]
    package let share: Double
    package let priority: Int
    package let key: String?
    package let perKey: Int?

    /// Makes the document of a run and its budgets.
    package init(_ record: RunRecord, _ budgets: [Budget]) {
        let key = record.key
        job = key.job
        meta = key.metaTable
        run = key.run
        parallelism = budgets.first { $0.owner == .run(key) }?.limits.batches
        self.budgets = budgets.compactMap(\.owner.name)
        share = record.rank.share
        priority = record.rank.priority
        self.key = record.keyColumn
        perKey = record.perKey
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, parallelism, budgets, share, priority, key
        case perKey = "per_key"
    }
}
