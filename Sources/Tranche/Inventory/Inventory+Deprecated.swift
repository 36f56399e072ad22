// Spellings of an earlier version, for one version more.

extension Acquired {
    /// No batch now.
    @available(*, deprecated, renamed: "noBatch")
    public static func none(_ reason: NoBatchReason) -> Acquired { .noBatch(reason) }
}

extension Inventory {
    /// Acquires the next batch of a job, with the limits apart.
    @available(*, deprecated, message: "give run: .backfill(…) and limit: .weight(…) or .count(…)")
    public func acquireBatch(
        from source: some MetaSourceDescription,
        job: String,
        run: String = "",
        ids: (some RangeExpression<Int64>)? = nil as ClosedRange<Int64>?,
        weight: Double?,
        count: Int? = nil
    ) async throws -> Batch? {
        try await acquireBatch(
            from: source,
            job: job,
            run: Run(name: run, ids: ids.map { IDBounds($0) } ?? IDBounds()),
            limit: BatchLimit(weight: weight, count: count)
        )
    }

    /// Acquires the next batch of a job, with a whole number as weight.
    @available(*, deprecated, message: "give run: .backfill(…) and limit: .weight(…)")
    public func acquireBatch(
        from source: some MetaSourceDescription,
        job: String,
        run: String = "",
        ids: (some RangeExpression<Int64>)? = nil as ClosedRange<Int64>?,
        weight: Int,
        count: Int? = nil
    ) async throws -> Batch? {
        try await acquireBatch(
            from: source,
            job: job,
            run: Run(name: run, ids: ids.map { IDBounds($0) } ?? IDBounds()),
            limit: .weight(weight, count: count)
        )
    }

    /// Acquires the next batch of a job, with a count as limit.
    @available(*, deprecated, message: "give run: .backfill(…) and limit: .count(…)")
    public func acquireBatch(
        from source: some MetaSourceDescription,
        job: String,
        run: String = "",
        ids: (some RangeExpression<Int64>)? = nil as ClosedRange<Int64>?,
        count: Int?
    ) async throws -> Batch? {
        try await acquireBatch(
            from: source,
            job: job,
            run: Run(name: run, ids: ids.map { IDBounds($0) } ?? IDBounds()),
            limit: BatchLimit(count: count)
        )
    }

    /// The next batches of a job, with the limits apart.
    @available(*, deprecated, message: "give limit: .weight(…), and most: for the limit")
    public func batches<Source: MetaSourceDescription>(
        from source: Source,
        job: String,
        weight: Double?,
        count: Int? = nil,
        limit: Int = .max,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        let size = BatchLimit(weight: weight, count: count)
        return batches(from: source, job: job, limit: size, most: limit, end: end)
    }

    /// The next batches of a job, with a whole number as weight.
    @available(*, deprecated, message: "give limit: .weight(…), and most: for the limit")
    public func batches<Source: MetaSourceDescription>(
        from source: Source,
        job: String,
        weight: Int,
        count: Int? = nil,
        limit: Int = .max,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        let size = BatchLimit.weight(weight, count: count)
        return batches(from: source, job: job, limit: size, most: limit, end: end)
    }

    /// The batches that a request gives, one after the other.
    @available(*, deprecated, message: "give most: for the limit")
    public func batches<Source: MetaSourceDescription>(
        _ request: BatchRequest,
        from source: Source,
        limit: Int,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        batches(request, from: source, most: limit, end: end)
    }

    /// The batches of a backfill.
    @available(*, deprecated, message: "call batches with run: .backfill(…)")
    public func backfill<Source: MetaSourceDescription>(
        of source: Source,
        job: String,
        run: String,
        ids: some RangeExpression<Int64>,
        weight: Double? = nil,
        count: Int? = nil,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        let size = BatchLimit(weight: weight, count: count)
        let run = Run.backfill(run, ids: ids)
        return batches(from: source, job: job, run: run, limit: size, end: end)
    }

    /// The batches of a backfill, with a whole number as weight.
    @available(*, deprecated, message: "call batches with run: .backfill(…)")
    public func backfill<Source: MetaSourceDescription>(
        of source: Source,
        job: String,
        run: String,
        ids: some RangeExpression<Int64>,
        weight: Int,
        count: Int? = nil,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        let size = BatchLimit.weight(weight, count: count)
        let run = Run.backfill(run, ids: ids)
        return batches(from: source, job: job, run: run, limit: size, end: end)
    }
}
