public import Tranche

/// Takes records and keeps none of them: to try a chain, or to measure it.
public struct NoOpSink: RecordSink {
    /// Makes the sink.
    public init() {}

    /// The name of the sink, for messages.
    public var name: String { "the sink that keeps nothing" }

    /// Writing nothing again changes nothing.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(
            .idempotent,
            reason: "it writes nothing that could be committed with the success"
        )
    }

    /// Nothing to prepare.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {}

    /// Gives a writer that keeps nothing.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        try await body(Writer())
    }

    private struct Writer: RecordWriter {
        func write(_ records: [Record]) async throws {}
        func finish() async throws -> Counters { Counters() }
        func abandon() async {}
    }
}
