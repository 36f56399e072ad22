/// Where the records of batches are written.
///
/// A chain prepares its sink once, before anything is acquired. For each attempt of a batch it asks
/// for a writer, gives it the records in order, and finishes it; only then is the success recorded.
///
/// ```swift
/// final class PrintingSink: RecordSink {
///     let name = "standard output"
///
///     func promise(beside store: any InventoryStore) async throws -> SinkPromise {
///         SinkPromise(.atLeastOnce, reason: "what was printed cannot be taken back")
///     }
///
///     func prepare(for fields: RecordFields?, beside store: any InventoryStore) async throws {}
///
///     // In a module without the upcoming feature NonisolatedNonsendingByDefault the two functions that
///     // take or make closures say `nonisolated(nonsending)` themselves.
///     nonisolated(nonsending) func withWriter<Result: Sendable>(
///         for batch: BatchRecord,
///         _ body: nonisolated(nonsending) @Sendable (any RecordWriter) async throws -> Result
///     ) async throws -> Result {
///         try await body(PrintingWriter())
///     }
/// }
/// ```
public protocol RecordSink: BatchSink {
    /// Connects, and checks what can be checked before anything is acquired.
    ///
    /// - Parameters:
    ///   - fields: The fields of all records; `nil` where each record says its own.
    ///   - store: The inventory's store.
    /// - Throws: The sink's failure, such as a table or field that is not there.
    func prepare(for fields: RecordFields?, beside store: any InventoryStore) async throws

    /// Takes what the sink keeps apart for a run, before anything of it is acquired.
    ///
    /// - Parameter run: The run; it may have no batch yet.
    /// - Returns: Notes for the caller of the chain, a sentence each.
    /// - Throws: ``TrancheError`` `.invalidArgument` when what is there is another run's.
    func claim(_ run: SinkRun) async throws -> [String]

    /// Lends a writer for a batch.
    ///
    /// Writing a batch again must change nothing, as far as ``BatchSink/promise(beside:)`` says:
    /// what an earlier attempt left is replaced. What was written lasts when this returns.
    ///
    /// - Parameters:
    ///   - batch: The batch, with its attempt.
    ///   - body: Writes, and finishes or abandons the writer.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or the sink's failure.
    func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result

    /// Puts together what the batches of a run left so far, where the sink keeps that apart.
    ///
    /// - Parameter run: The run, which knows what became of its batches.
    /// - Throws: The sink's failure. It may be called again.
    func assemble(_ run: SinkRun) async throws

    /// Gives up its connections.
    func close() async

    /// Whether several writers of one batch may be used at once, each for some of its records.
    var lendsSeveralWriters: Bool { get }
}

extension RecordSink {
    /// One writer takes all records of a batch.
    public var lendsSeveralWriters: Bool { false }

    /// Nothing is kept apart.
    public func claim(_ run: SinkRun) async throws -> [String] { [] }

    /// Nothing to put together.
    public func assemble(_ run: SinkRun) async throws {}

    /// Nothing to give up.
    public func close() async {}
}
