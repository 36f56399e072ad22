/// A batch whose items are decoded as rows of a type.
///
/// A row of keys has the columns of the item under their names or as `id`, `item` and `weight`, and
/// the members of a payload that is a JSON object. A row that is a single value, such as a text, is
/// the payload.
public struct TypedBatch<Row: Decodable & Sendable>: Sendable {
    /// The batch, which is ended as any other.
    public let batch: Batch

    /// The rows, ascending by id; those that have vanished from the source are left out.
    ///
    /// Reading throws ``TrancheError`` `.invalidItem` (permanent) for an item that is no such row,
    /// with the item, the column and its value.
    public var rows: [Row] {
        get async throws { try decoded(try await batch.items) }
    }

    /// Works on the rows, keeps the lease meanwhile, and ends the batch.
    ///
    /// See ``Batch/process(_:)``; an item that is no such row fails the batch.
    ///
    /// - Parameter work: Given the rows, ascending by id.
    /// - Returns: How it ended.
    /// - Throws: As ``Batch/process(_:)``.
    public func process<Result: Sendable>(
        _ work: @escaping @Sendable ([Row]) async throws -> Result
    ) async throws -> ProcessOutcome {
        try await batch.process { items in try await work(try decoded(items)) }
    }

    private func decoded(_ items: [Item]) throws -> [Row] {
        let source = batch.source.definition
        return try items.map { try ItemDecoder.decode(Row.self, from: $0, of: source) }
    }
}

/// Batches acquired one after the other, their items decoded as rows of a type.
public struct TypedBatches<Row: Decodable & Sendable, Source: MetaSourceDescription>:
    AsyncSequence, Sendable
{
    let batches: Batches<Source>

    /// Starts acquiring.
    public func makeAsyncIterator() -> Iterator {
        Iterator(batches: batches.makeAsyncIterator())
    }

    /// Acquires the batches.
    public struct Iterator: AsyncIteratorProtocol {
        var batches: Batches<Source>.Iterator

        /// Acquires the next batch; `nil` at the sequence's end.
        public mutating func next() async throws -> TypedBatch<Row>? {
            try await batches.next().map { TypedBatch(batch: $0) }
        }
    }
}

@available(*, unavailable)
extension TypedBatches.Iterator: Sendable {}

extension Inventory {
    /// The next batches of a job, their items decoded as rows.
    ///
    /// ```swift
    /// struct FileRow: Decodable {
    ///     let id: Int64
    ///     let path: String
    /// }
    ///
    /// for try await batch in inventory.batches(of: FileRow.self, from: files, job: "checksum") {
    ///     try await batch.process { rows in try await work(rows) }.get()
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - type: The type of a row; see ``TypedBatch``.
    ///   - source: Where the items are listed.
    ///   - job: Name of the job.
    ///   - run: The run; the incremental one by default.
    ///   - limit: How large each batch may be; any size by default.
    ///   - most: Most batches.
    ///   - end: When to end otherwise.
    /// - Returns: The batches; nothing is acquired before the first is asked for.
    public func batches<Row: Decodable & Sendable, Source: MetaSourceDescription>(
        of type: Row.Type,
        from source: Source,
        job: String,
        run: Run = .incremental,
        limit: BatchLimit = BatchLimit(),
        most: Int = .max,
        end: BatchesEnd = .whenNothingIsReady
    ) -> TypedBatches<Row, Source> {
        TypedBatches(
            batches: batches(
                from: source,
                job: job,
                run: run,
                limit: limit,
                most: most,
                end: end
            )
        )
    }
}
