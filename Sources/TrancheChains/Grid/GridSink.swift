public import Tranche

/// A sink that writes the records of a batch at once, without touching the same node twice at a
/// time.
///
/// ```swift
/// let friends = GridSink(
///     CypherSink("UNWIND $batch AS row MATCH … MERGE (a)-[:KNOWS]->(b)", in: graph),
///     from: "person", to: "friend", isOneKind: true
/// )
/// ```
///
/// Two writers that lock the same node of a graph wait for each other, or fail with a deadlock.
/// Records are sorted into a grid by the nodes that they name; those of some cells, no two in one
/// row or column, are written at once, then those of others. The order of a batch's records is not
/// kept. As the writing at once is inside a batch, work on one batch at a time:
/// ``ChainOptions/workers`` 1.
public final class GridSink: RecordSink {
    private let base: any RecordSink
    private let configuration: Configuration

    /// How records are sorted.
    public struct Configuration: Sendable {
        /// The field that names the first node.
        public var from: String
        /// The field that names the second node.
        public var to: String
        /// Whether both fields name nodes of one kind; false by default.
        public var isOneKind = false
        /// Rows and columns of the grid; 1 to 1000, 8 by default.
        ///
        /// So many cells are written at once, at most; with nodes of one kind about half as many.
        public var size = 8
        /// Most records that are written by one writer before the next wave; 5000 by default.
        public var records = 5000
        /// How full a cell must be to go along with full ones; above 0, at most 1; 0.85 by default.
        public var nearlyFull = 0.85

        /// Makes a configuration.
        public init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    /// Makes a sink.
    ///
    /// - Parameters:
    ///   - sink: Where the records are written; it must be able to lend several writers for one
    ///     batch.
    ///   - configuration: How records are sorted.
    public init(_ sink: any RecordSink, _ configuration: Configuration) {
        base = sink
        self.configuration = configuration
    }

    /// Makes a sink.
    ///
    /// - Parameters:
    ///   - sink: Where the records are written; it must be able to lend several writers for one
    ///     batch.
    ///   - from: The field that names the first node.
    ///   - to: The field that names the second node.
    ///   - isOneKind: Whether both fields name nodes of one kind.
    public convenience init(
        _ sink: any RecordSink,
        from: String,
        to: String,
        isOneKind: Bool = false
    ) {
        var configuration = Configuration(from: from, to: to)
        configuration.isOneKind = isOneKind
        self.init(sink, configuration)
    }

    /// The name of the sink below.
    public var name: String { base.name }

    /// Several writers commit one after the other: what is exact in one transaction alone is
    /// written again when a batch is tried again.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        let promise = try await base.promise(beside: store)
        guard promise.delivery == .transactional else { return promise }
        return SinkPromise(
            .atLeastOnce,
            reason: "the records of a batch are written at once, by writers that commit apart; one "
                + "that is tried again is written again"
        )
    }

    /// Checks the fields, and that the sink below lends several writers.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        guard base.lendsSeveralWriters else {
            throw TrancheError(
                .invalidArgument,
                "\(base.name) takes the records of a batch from one writer, and so not by a grid"
            )
        }
        guard (1...1000).contains(configuration.size), configuration.records > 0,
            configuration.nearlyFull > 0, configuration.nearlyFull <= 1
        else {
            throw TrancheError(
                .invalidArgument,
                "a grid has 1 to 1000 rows, above 0 records a cell, and cells that are nearly full from "
                    + "above 0 up to 1"
            )
        }
        for name in [configuration.from, configuration.to] {
            if let fields, fields.place(of: name) == nil {
                throw TrancheError(
                    .invalidArgument,
                    "the records have no field '\(name)', which names a node; they have "
                        + fields.names.joined(separator: ", ")
                )
            }
        }
        try await base.prepare(for: fields, beside: store)
    }

    /// Lets the sink below take what it keeps apart.
    public func claim(_ run: SinkRun) async throws -> [String] { try await base.claim(run) }

    /// Lends a writer that sorts.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        try await body(GridWriter(base, batch, configuration))
    }

    /// Puts together what the sink below keeps apart.
    public func assemble(_ run: SinkRun) async throws { try await base.assemble(run) }

    /// Closes the sink below.
    public func close() async { await base.close() }
}

/// Sorts the records of one batch, and writes them in waves.
private final class GridWriter: RecordWriter {
    private let sink: any RecordSink
    private let batch: BatchRecord
    private let configuration: GridSink.Configuration
    private var splitter: GridSplitter<Record>
    private var counters = Counters(["grid_waves": 0, "grid_cells": 0])
    private var refused: [RefusedRecord] = []

    init(_ sink: any RecordSink, _ batch: BatchRecord, _ configuration: GridSink.Configuration) {
        self.sink = sink
        self.batch = batch
        self.configuration = configuration
        splitter = GridSplitter(
            size: configuration.size,
            isOneKind: configuration.isOneKind,
            most: configuration.records,
            nearlyFull: configuration.nearlyFull
        )
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            guard let row = place(of: configuration.from, in: record),
                let column = place(of: configuration.to, in: record)
            else { continue }
            splitter.add(record, row: row, column: column)
        }
        while let wave = splitter.nextWave() { try await write(wave) }
    }

    /// Where the node stands that a field names.
    private func place(of name: String, in record: Record) -> Int? {
        guard let text = record.text(name) else {
            refused.append(RefusedRecord(record, field: name, "field '\(name)' names no node"))
            return nil
        }
        return gridPlace(of: text.utf8, size: configuration.size)
    }

    private func write(_ wave: GridSplitter<Record>.Wave) async throws {
        try Task.checkCancellation()
        let (sink, batch) = (sink, batch)
        let parts = try await withThrowingTaskGroup(of: Part.self) { group in
            for bucket in wave.buckets {
                let records = bucket.elements
                group.addTask { try await Part.written(records, by: sink, for: batch) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        counters.add(1, to: "grid_waves")
        counters.add(parts.count, to: "grid_cells")
        for part in parts {
            counters.merge(part.counters)
            refused += part.refused
        }
    }

    func finish() async throws -> Counters {
        while let wave = splitter.lastWave() { try await write(wave) }
        return counters
    }

    func takeRefused() -> [RefusedRecord] {
        defer { refused = [] }
        return refused.sorted { $0.id < $1.id }
    }

    /// What was written is written again by the next attempt.
    func abandon() async {}

    /// What came of one cell of a wave.
    private struct Part: Sendable {
        /// How often a cell is written, as long as each time finds out more.
        private static let mostPasses = 20

        var counters = Counters()
        /// Those that were not taken, while all others were.
        var refused: [RefusedRecord] = []

        private init(refused: [RefusedRecord]) {
            self.refused = refused
        }

        private init(_ records: [Record], to writer: any RecordWriter) async throws {
            do {
                try await writer.write(records)
                refused = writer.takeRefused()
                counters = try await writer.finish()
                refused += writer.takeRefused()
            } catch {
                await writer.abandon()
                throw error
            }
        }

        /// Writes a cell, and again without the records for which all of it was given up: others
        /// of a transaction, or behind them where the sink keeps an order, are lost with these.
        static func written(
            _ records: [Record],
            by sink: any RecordSink,
            for batch: BatchRecord
        ) async throws -> Part {
            var (left, blamed) = (records, [RefusedRecord]())
            for _ in 0..<mostPasses where !left.isEmpty {
                try Task.checkCancellation()
                let cell = left
                do {
                    // The sink learns of it, too: it takes back what the writer has left.
                    var part = try await sink.withWriter(for: batch) {
                        try await Part(cell, to: $0)
                    }
                    part.refused += blamed
                    return part
                } catch let error as RecordsRefused {
                    let rest = cell.parted(from: error.failures)
                    // What it says of others is for who knows them.
                    guard rest.left.count < cell.count else { throw error }
                    left = rest.left
                    blamed += rest.refused
                }
            }
            guard left.isEmpty else { throw RecordsRefused(blamed) }
            return Part(refused: blamed)
        }
    }
}
