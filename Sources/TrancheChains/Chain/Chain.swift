public import Tranche

/// A source, steps that each know only what comes before them, and what comes out in the end.
///
/// ```swift
/// let report = try await Chain(reading: CSVSource("customers.csv"))
///     .validate(as: Customer.self, rejectsTo: .jsonLines("customers.error.jsonl"))
///     .map { … }
///     .write(to: sink)
///     .run(through: inventory, job: "load-customers", weight: 8 << 20, workers: 4)
/// ```
///
/// Elements flow in chunks, pulled from the end: memory is bounded by the chunk. Within a batch
/// their order is kept. A chain is a description; it may be run any number of times.
public struct Chain<Element: Sendable>: Sendable {
    /// Where the records come from.
    let source: any MetaSourceDescription
    /// The steps' effects beside the elements, such as files of rejects.
    var attachments: [any ChainAttachment]
    /// The fields of the elements, where they are records and all have the same.
    let fields: @Sendable (RecordFields?) throws -> RecordFields?
    /// Notes that the chain gives once before a run, about the source's fields.
    var notices: @Sendable (RecordFields?) throws -> [String] = { _ in [] }
    /// Opens the chain for one batch.
    let open: @Sendable (BatchContext, ChunkReader<Record>) throws -> ChunkReader<Element>

    init(
        source: any MetaSourceDescription,
        attachments: [any ChainAttachment],
        fields: @escaping @Sendable (RecordFields?) throws -> RecordFields?,
        open: @escaping @Sendable (BatchContext, ChunkReader<Record>) throws -> ChunkReader<Element>
    ) {
        self.source = source
        self.attachments = attachments
        self.fields = fields
        self.open = open
    }

    /// Adds a step.
    ///
    /// - Parameters:
    ///   - fields: The fields behind the step, of those before it; checked before anything is
    ///     acquired.
    ///   - notices: Notes that the chain gives once, about the fields before the step.
    ///   - attachment: What the step keeps beside the elements.
    ///   - open: Opens the step for one batch: given what comes before, gives what comes out.
    /// - Returns: The longer chain.
    func step<Output: Sendable>(
        fields: @escaping @Sendable (RecordFields?) throws -> RecordFields? = { _ in nil },
        notices: @escaping @Sendable (RecordFields?) -> [String] = { _ in [] },
        attachment: (any ChainAttachment)? = nil,
        _ open:
            @escaping @Sendable (BatchContext, ChunkReader<Element>) throws -> ChunkReader<
                Output
            >
    ) -> Chain<Output> {
        let before = self
        // Several steps may send what they keep to one place.
        let others = attachments.filter { $0.path != attachment?.path }
        var attachment = attachment
        if attachments.contains(where: { $0.path == attachment?.path && $0.takesRest }) {
            attachment?.takesRest = true
        }
        var chain = Chain<Output>(
            source: source,
            attachments: others + (attachment.map { [$0] } ?? []),
            fields: { try fields(try before.fields($0)) },
            open: { try open($0, try before.open($0, $1)) }
        )
        chain.notices = { try before.notices($0) + notices(try before.fields($0)) }
        return chain
    }
}

extension Chain where Element == Record {
    /// Begins a chain with the records of a source.
    ///
    /// - Parameter source: The source. One whose items are not records gives a record for each
    ///   item, with the fields `id`, `item` and `weight`.
    public init(reading source: some MetaSourceDescription) {
        self.init(source: source, attachments: [], fields: { $0 }, open: { $1 })
    }
}

/// What a step keeps beside the elements, for a batch and for a run.
protocol ChainAttachment: Sendable {
    /// Where it keeps that; a chain has one for each place.
    var path: String { get }
    /// Whether it keeps what no step has a place of its own for, whatever steps follow.
    var takesRest: Bool { get set }

    /// Checks what can be checked before anything is acquired.
    func prepare() async throws

    /// Takes what it keeps for a run; as ``RecordSink/claim(_:)``.
    func claim(_ run: SinkRun) async throws -> [String]

    /// Begins an attempt.
    func begin(_ context: BatchContext)

    /// Writes what has come together so far.
    func flush(_ context: BatchContext) async throws

    /// Keeps what an attempt left beside the elements, before its success is recorded.
    func finish(_ context: BatchContext) async throws

    /// Forgets what an attempt left.
    func abandon(_ context: BatchContext) async

    /// Puts together what the batches of a run left so far.
    func assemble(_ run: SinkRun) async throws

    /// Removes what is of no use any more once a run is complete, and what it has was put together.
    func clean(_ run: SinkRun) async throws
}
