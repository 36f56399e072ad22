public import Tranche

/// Writes the records of batches to files.
///
/// ```swift
/// chain.write(to: FileSink.csv("customers.csv"))                         // put together when all is done
/// chain.write(to: FileSink.jsonLines("customers/", layout: .filePerBatch))
/// ```
///
/// A batch's file is written aside and renamed into place, so that nobody sees half of it, and writing it again
/// replaces it.
public struct FileSink: RecordSink {
    private let format: any RecordFileFormat
    private let layout: Layout
    private let parts: PartFolder

    /// How files are laid out.
    public enum Layout: String, Sendable, Hashable, CaseIterable {
        /// One file, put together when the run is complete, in order of id. Its parts stay beside it, in the
        /// folder of its name with `.parts` behind it. The file of a named run is `NAME.RUN.EXTENSION`.
        case oneFile
        /// A file for each batch in a folder; its name begins with the first id and ends with the batch's
        /// number.
        case filePerBatch
    }

    private init(_ path: String, _ layout: Layout, _ format: any RecordFileFormat) {
        self.layout = layout
        self.format = format
        parts = PartFolder(path)
    }

    /// CSV as RFC 4180 has it: quotes where they are needed, a header, lines that end with LF.
    ///
    /// Null is an empty field, empty text is `""`.
    ///
    /// - Parameters:
    ///   - path: The file, or the folder.
    ///   - layout: How files are laid out.
    ///   - delimiter: What parts fields; one ASCII character.
    /// - Returns: The sink.
    public static func csv(
        _ path: String,
        layout: Layout = .oneFile,
        delimiter: Character = ","
    ) -> FileSink {
        FileSink(path, layout, CSVWriting(delimiter: delimiter.asciiValue ?? UInt8(ascii: ",")))
    }

    /// JSON Lines: an object a line.
    ///
    /// - Parameters:
    ///   - path: The file, or the folder.
    ///   - layout: How files are laid out.
    /// - Returns: The sink.
    public static func jsonLines(_ path: String, layout: Layout = .oneFile) -> FileSink {
        FileSink(path, layout, JSONLinesWriting())
    }

    /// The path.
    public var name: String { "'\(parts.path)'" }

    /// A batch that is written again replaces its file.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(
            .idempotent,
            reason:
                "a file takes no part in the inventory's transactions; a batch that is written again "
                + "replaces its file"
        )
    }

    /// Checks that the folder can be made.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        switch layout {
        case .oneFile: try parts.prepare()
        case .filePerBatch: try PartFolder.requireWritable(parts.path)
        }
    }

    /// Begins a batch's file.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        let file: OutputFile
        switch layout {
        case .oneFile: file = try await parts.begin(batch)
        case .filePerBatch:
            try PartFolder.makeFolder(parts.path)
            let name = PartFolder.name(of: batch).dropLast("part".count)
            file = OutputFile(
                "\(parts.path)/\(name)\(format.suffix)",
                mark: "\(batch.attempt)"
            )
            try await file.open()
        }
        return try await body(FileWriter(file: file, format: format))
    }

    /// Puts the one file together.
    public func assemble(_ run: SinkRun) async throws {
        guard layout == .oneFile else { return }
        try await parts.assemble(run, haveHeads: format.hasHead, keepingEmpty: true)
    }
}

/// How records are spelt in a file.
protocol RecordFileFormat: Sendable {
    /// What a file's name ends with.
    var suffix: String { get }
    /// Whether a file begins with the fields' names.
    var hasHead: Bool { get }

    /// Appends the names of the fields.
    func appendHead(_ fields: RecordFields, to bytes: inout [UInt8])

    /// Appends a record.
    func append(_ record: Record, to bytes: inout [UInt8])
}

/// Writes a batch's records to its file.
private final class FileWriter: RecordWriter {
    private static let step = 1 << 18

    private let file: OutputFile
    private let format: any RecordFileFormat
    private var fields: RecordFields?
    private var bytes: [UInt8] = []
    private var size = 0

    init(file: OutputFile, format: any RecordFileFormat) {
        self.file = file
        self.format = format
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            if format.hasHead, fields != record.fields { try begin(record) }
            format.append(record, to: &bytes)
            if bytes.count >= Self.step { try await flush() }
        }
    }

    private func begin(_ record: Record) throws {
        if let fields {
            throw TrancheError(
                .sinkFailed,
                "record \(record.id) has the fields \(record.fields.names.joined(separator: ", ")), and those "
                    + "before it \(fields.names.joined(separator: ", ")); a CSV file has one header"
            )
        }
        fields = record.fields
        format.appendHead(record.fields, to: &bytes)
    }

    private func flush() async throws {
        try await file.append(bytes)
        size += bytes.count
        bytes.removeAll(keepingCapacity: true)
    }

    func finish() async throws -> Counters {
        try await flush()
        try await file.finish()
        return Counters(["bytes_written": size])
    }

    func abandon() async {
        await file.abandon()
    }
}
