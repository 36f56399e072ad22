import Synchronization
public import Tranche

/// A sink as the article on sinks shows it, in a module with the settings that a new package has.
public final class PrintingSink: RecordSink {
    /// What it is.
    public let name = "lines in memory"
    private let state = Mutex<[String]>([])

    /// Makes a sink that has printed nothing.
    public init() {}

    /// What was printed.
    public var lines: [String] { state.withLock { $0 } }

    /// Printing again prints again.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(.atLeastOnce, reason: "what was printed cannot be taken back")
    }

    /// Nothing to prepare.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {}

    /// Gives a writer that prints.
    nonisolated(nonsending) public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: nonisolated(nonsending) @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        try await body(Writer(sink: self))
    }

    private struct Writer: RecordWriter {
        let sink: PrintingSink

        func write(_ records: [Record]) async throws {
            sink.state.withLock { $0 += records.map { $0.text("id") ?? "" } }
        }

        func finish() async throws -> Counters { Counters() }

        func abandon() async {}
    }
}
