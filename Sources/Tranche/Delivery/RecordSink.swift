/// Where the records of batches are written.
///
/// A chain prepares its sink once, before anything is acquired. For each attempt of a batch it asks for a
/// writer, gives it the records in order, and finishes it; only then is the success recorded.
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
    /// - Returns: What whoever runs the chain should know, a sentence each.
    /// - Throws: ``TrancheError`` `.invalidArgument` when what is there is another run's.
    func claim(_ run: SinkRun) async throws -> [String]

    /// Lends a writer for a batch.
    ///
    /// Writing a batch again must change nothing, as far as ``BatchSink/promise(beside:)`` says: what an
    /// earlier attempt left is replaced. What was written lasts when this returns.
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

/// Writes the records of one attempt of a batch; belongs to one task.
public protocol RecordWriter {
    /// Writes records, in the batch's order.
    ///
    /// - Parameter records: The next records; at least one.
    /// - Throws: ``RecordsRefused`` for records that the sink does not take, or the sink's failure.
    func write(_ records: [Record]) async throws

    /// Makes what was written last.
    ///
    /// - Returns: What was done, to be added up across batches.
    /// - Throws: As ``write(_:)``.
    func finish() async throws -> Counters

    /// Gives up what was written, as far as that is possible; called instead of ``finish()``.
    func abandon() async
}

/// Records that a sink does not take, while it would take others.
///
/// A batch that ends with it fails with these items to blame: they are quarantined, and all the rest is
/// a batch again at once.
public struct RecordsRefused: Error, CategorizedError {
    /// The records, by the ids of their items, with the sink's words.
    public var failures: [(id: Int64, message: String)]

    /// Trying again is of no use.
    public var category: ErrorCategory { .permanent }

    /// Makes the error.
    public init(_ failures: [(id: Int64, message: String)]) {
        self.failures = failures
    }
}

extension RecordsRefused: CustomStringConvertible {
    /// How many, and the first one's reason.
    public var description: String {
        let first = failures.first.map { ", such as \($0.id): \($0.message)" } ?? ""
        return "the sink refused \(failures.count) records\(first)"
    }
}
