import Synchronization
public import Tranche

/// Keeps the records of batches in memory, for tests.
public final class MemorySink: RecordSink {
    private let batches = Mutex<[Int64: [Record]]>([:])

    /// Makes an empty sink.
    public init() {}

    /// The name of the sink, for messages.
    public var name: String { "the sink in memory" }

    /// The records of the batches that were finished, in order of id; those of a batch written
    /// again once.
    public var records: [Record] {
        batches.withLock { $0.values.flatMap { $0 } }.sorted { $0.id < $1.id }
    }

    /// Records that are written again replace the earlier ones.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(.idempotent, reason: "memory takes no part in the inventory's transactions")
    }

    /// Nothing to prepare.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {}

    /// Gives a writer whose records are kept once it is finished.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        try await body(Writer(batch: batch.id, sink: self))
    }

    private func keep(_ records: [Record], of batch: Int64) {
        batches.withLock { $0[batch] = records }
    }

    private final class Writer: RecordWriter {
        private let batch: Int64
        private let sink: MemorySink
        private var records: [Record] = []

        init(batch: Int64, sink: MemorySink) {
            self.batch = batch
            self.sink = sink
        }

        func write(_ records: [Record]) async throws { self.records += records }

        func finish() async throws -> Counters {
            sink.keep(records, of: batch)
            return Counters()
        }

        func abandon() async { records = [] }
    }
}
