import Synchronization
public import Tranche

/// Writes the records of batches to files.
///
/// ```swift
/// chain.write(to: FileSink.csv("customers.csv"))                         // put together when all is done
/// chain.write(to: FileSink.jsonLines("customers/", layout: .filePerBatch))
/// ```
///
/// A batch's file is written aside and renamed into place, so that nobody sees half of it, and
/// writing it again replaces it. The output is one run's: what another job, or a job of another
/// inventory, left at the path is left out when it is of the same source, and refused otherwise, as
/// is a file that no job wrote.
public struct FileSink: RecordSink {
    private let format: any RecordFileFormat
    private let layout: Layout
    private let path: String
    private let parts: PartFolder
    private let folder: BatchFileFolder
    private let known = KnownFields()
    /// What is wrong with how the sink was described; `nil` where nothing is.
    private let fault: String?

    /// How files are laid out.
    public enum Layout: String, Sendable, Hashable, CaseIterable {
        /// One file, put together when the run is complete, in order of id. Its parts stay beside
        /// it, in the folder of its name with `.parts` behind it. The file of a named run is
        /// `NAME.RUN.EXTENSION`.
        case oneFile
        /// A file for each batch in a folder; its name begins with the first id and ends with the
        /// batch's number.
        case filePerBatch
    }

    /// What `prepare` was told of the fields, for a file without a record.
    private final class KnownFields: Sendable {
        let fields = Mutex<RecordFields?>(nil)
    }

    private init(
        _ path: String,
        _ layout: Layout,
        _ overwrites: Bool,
        _ format: any RecordFileFormat,
        fault: String? = nil
    ) {
        self.path = path
        self.fault = fault
        self.layout = layout
        self.format = format
        parts = PartFolder(path, overwrites: overwrites)
        folder = BatchFileFolder(path, overwrites: overwrites, suffix: format.suffix)
    }

    /// CSV as RFC 4180 has it: quotes where they are needed, a header, lines that end with LF.
    ///
    /// Null is an empty field, empty text is `""`. Records that say their fields themselves may
    /// have them in any order, and lack some: the header has all fields of all records, in order of
    /// their first appearance, and what a record lacks is null. A file without a record has the
    /// header that its source has.
    ///
    /// - Parameters:
    ///   - path: The file, or the folder.
    ///   - layout: How files are laid out.
    ///   - delimiter: What parts fields; one ASCII character, neither a quote nor a line break.
    ///     Another is refused when a run begins, before anything is acquired.
    ///   - overwrites: Whether what others left at the path is replaced.
    /// - Returns: The sink.
    public static func csv(
        _ path: String,
        layout: Layout = .oneFile,
        delimiter: Character = ",",
        overwrites: Bool = false
    ) -> FileSink {
        let byte = delimiter.asciiValue ?? 0
        let isFitting = ![0, 0x0A, 0x0D, UInt8(ascii: "\"")].contains(byte)
        let fault =
            isFitting
            ? nil
            : "\(String(delimiter).debugDescription) cannot part the fields of '\(path)': give one "
                + "ASCII character, such as ',', ';' or a tab"
        return FileSink(path, layout, overwrites, CSVWriting(delimiter: byte), fault: fault)
    }

    /// JSON Lines: an object a line.
    ///
    /// - Parameters:
    ///   - path: The file, or the folder.
    ///   - layout: How files are laid out.
    ///   - overwrites: Whether what others left at the path is replaced.
    /// - Returns: The sink.
    public static func jsonLines(
        _ path: String,
        layout: Layout = .oneFile,
        overwrites: Bool = false
    ) -> FileSink {
        FileSink(path, layout, overwrites, JSONLinesWriting())
    }

    /// The path.
    public var name: String { "'\(path)'" }

    /// A batch that is written again replaces its file.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(
            .idempotent,
            reason:
                "a file takes no part in the inventory's transactions; a batch that is written again "
                + "replaces its file"
        )
    }

    /// Checks the delimiter, and that the folder can be made.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`; `.sinkFailed`.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        if let fault { throw TrancheError(.invalidArgument, fault) }
        known.fields.withLock { $0 = fields }
        switch layout {
        case .oneFile: try parts.prepare()
        case .filePerBatch: try PartFolder.requireWritable(path)
        }
    }

    /// Takes the file, or the folder, for a run.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` where what is there is of another job, of
    ///   another source, or of no job.
    public func claim(_ run: SinkRun) async throws -> [String] {
        switch layout {
        case .oneFile: try await parts.claim(run)
        case .filePerBatch: try await folder.claim(run)
        }
    }

    /// Begins a batch's file.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        if layout == .oneFile { try await parts.requireApart(batch) }
        let file =
            switch layout {
            case .oneFile: try await parts.begin(batch)
            case .filePerBatch: try await folder.begin(batch)
            }
        return try await body(FileSinkWriter(file: file, format: format))
    }

    /// Puts the one file together; another's stays as it is until the run is complete.
    public func assemble(_ run: SinkRun) async throws {
        guard layout == .oneFile else { return }
        if try await parts.isWhole(run) { return }
        if try await parts.keepsOther(from: run) { return }
        do {
            try await putTogether(run)
        } catch {
            // Another process may have put it together meanwhile, and removed the parts.
            guard try await parts.isWhole(run) else { throw error }
        }
    }

    private func putTogether(_ run: SinkRun) async throws {
        let kept = try await parts.parts(of: run, areAllThere: true)
        guard let csv = format as? CSVWriting else {
            return try await parts.write(for: run.key) { try await parts.copy(kept, into: $0) }
        }
        let fields = known.fields.withLock { $0 }
        let assembly = try await CSVAssembly(kept, fields: fields, csv)
        try await parts.write(for: run.key) { try await assembly.write(to: $0) }
    }
}

extension FileSink: CleanedSink {
    func clean(_ run: SinkRun) async throws {
        if layout == .oneFile { try await parts.clean(run) }
    }
}

/// A sink that leaves parts until all is put together.
protocol CleanedSink: RecordSink {
    /// Removes what is of no use any more once a run is complete, and what it has was put together.
    ///
    /// - Parameter run: The run.
    /// - Throws: `TrancheError` `.sinkFailed`; of the store.
    func clean(_ run: SinkRun) async throws
}
