public import Tranche
import TrancheChains
public import TrancheConnectors
public import TrancheWorkflows

/// Records of events through steps into a sink: a chain for each batch.
///
/// The sink writes each batch once, as `tranche load` does: one in the inventory's own database in
/// the transaction of the success, any other so that a batch that is written again replaces what an
/// earlier attempt left. A batch is read, checked and written as a whole, whatever it reads.
public struct ChainProcess: EventProcess {
    /// The name in the graph.
    public let name: String
    /// The sink.
    public let target: String?
    private let settings: Settings
    private let connectors: Connectors
    private let context: ConnectorContext

    /// The part of an event that is read.
    public enum Records: String, Sendable, Hashable, CaseIterable {
        /// Its payload, a JSON object: a record.
        ///
        /// Of a file of CSV that is listed, it is the record of the file.
        case payload
        /// The event: a record with the fields `location`, `operation`, `id`, `trigger` and, where
        /// there is one, `payload`.
        case event
        /// The records of the file that it names; see ``Event/file``.
        case file
    }

    /// The settings of the chain: its records, steps and sink.
    public struct Settings: Sendable {
        /// The part of an event that is read; its payload by default.
        public var records = Records.payload
        /// How files are read, as fields of a source of CSV or JSON; by their names and content by
        /// default.
        public var reading: [String: SpecValue] = [:]
        /// The steps for the records; none by default.
        ///
        /// The path of rejects is a folder's, with a file for each batch that has some.
        public var steps: [WorkflowStep] = []
        /// Where they are written.
        public var sink: SinkSpec
        /// The promise that the sink must give; by default, a batch that comes again changes
        /// nothing.
        public var promise = DeliveryPromise.idempotent
        /// How many records of a batch may be refused; any number by default.
        public var maxRejects: Int?

        /// Describes what goes into a sink.
        public init(into sink: SinkSpec) { self.sink = sink }
    }

    /// Makes a process.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - settings: What goes where; paths are kept absolute, and files that are named read now.
    ///   - connectors: What makes sources and sinks of descriptions.
    ///   - context: What else belongs to them.
    /// - Throws: `SpecError` that names the field, for what cannot be.
    public init(
        _ name: String,
        _ settings: Settings,
        _ connectors: Connectors,
        _ context: ConnectorContext = ConnectorContext()
    ) throws {
        self.name = name
        self.connectors = connectors
        self.context = context
        var settings = settings
        settings.sink = try connectors.anchored(settings.sink)
        settings.steps = try settings.steps.map { try $0.readingFiles().anchored }
        target = try connectors.target(of: settings.sink).text
        self.settings = settings
        try requireEndless()
        // What cannot be made is said before anything runs.
        _ = try chain()
        if settings.records == .file {
            let file = settings.reading["format"] == nil ? "x.csv" : "x"
            _ = try connectors.source(FileConnector.spec(ofFile: file, settings.reading), context)
        }
    }

    /// A link has no end at which one file would be put together.
    private func requireEndless() throws(SpecError) {
        guard NamedFile(settings.sink) != nil,
            settings.sink.fields["file_per_batch"] != .flag(true)
        else { return }
        throw SpecError(
            .unusable,
            field: ["sink"],
            value: settings.sink.location,
            "would be one file, put together at the end, and a link has none; name a folder, and "
                + "give file_per_batch: true"
        )
    }

    private func chain() throws -> SinkChain {
        // Records come from the events: this source is not read.
        var records = Chain<Record>(reading: InputLogSource(name))
        for step in settings.steps { records = try step.applied(to: records) { .folder($0) } }
        return records.write(to: try connectors.sink(settings.sink, context))
    }

    /// Nothing: a chain says by ``verdict(on:)`` how it ended.
    public func run(_ events: EventBatch) async throws -> ProcessResult {
        throw TrancheError(.invalidArgument, "a chain says by its verdict how it ended")
    }

    /// Writes the records of a batch.
    public func verdict(on events: EventBatch) async throws -> BatchVerdict {
        let supply: any RecordSupply
        do {
            supply = try await self.supply(of: events)
        } catch {
            if Task.isCancelled { return .released() }
            return .failed(try await failure(error, events))
        }
        var request = BatchRequest(job: events.batch.record.key.job, limit: events.link.limit)
        request.policy = events.link.policy
        var options = ChainOptions(request: request, promise: settings.promise)
        options.maxRejects = settings.maxRejects.map { .count($0) }
        options.isOfFile = true
        options.onWait = events.tell
        return try await chain().write(events.batch, from: supply, options, events.progress)
    }

    /// A failure; where one event is to blame, and not the others, that alone is quarantined.
    private func failure(_ error: any Error, _ events: EventBatch) async throws -> BatchFailure {
        guard let fault = error as? EventFault else {
            return BatchFailure(FieldWords.error(error))
        }
        var failure = BatchFailure(fault.error)
        guard events.numbers.count > 1 else {
            failure.isFinal = fault.isFinal
            return failure
        }
        guard fault.isFinal else { return failure }
        return try await events.batch.failure(
            fault.error,
            reasons: [fault.number: "\(fault.error)"]
        )
    }

    // MARK: - Records

    private func supply(of events: EventBatch) async throws -> any RecordSupply {
        let numbered = zip(events.numbers, events.events)
        switch settings.records {
        case .payload:
            if let listed = ListedRecords(events.batch) { return listed }
            return TextSupply(
                try numbered.map { number, event in
                    guard let payload = event.payload, payload.isJSONObject else {
                        throw EventFault(number, Self.noObject(event))
                    }
                    return (number, payload)
                }
            )
        case .event: return TextSupply(try numbered.map { ($0, try $1.json) })
        case .file:
            var files: [FileSupply.File] = []
            for (number, event) in numbered {
                do {
                    files.append(try await file(event, number))
                } catch let error as TrancheError {
                    throw EventFault(number, FieldWords.named(error))
                } catch let error as SpecError {
                    throw EventFault(number, TrancheError(.invalidItem, "\(error)"))
                }
            }
            return try await FileSupply(files)
        }
    }

    private static func noObject(_ event: Event) -> TrancheError {
        TrancheError(
            .invalidItem,
            "event '\(event.id)' of '\(event.trigger)' has no JSON object as its payload; "
                + "'records: event' "
                + "takes the event itself as a record, 'records: file' those of the file that it "
                + "names"
        )
    }

    private func file(_ event: Event, _ number: Int64) async throws -> FileSupply.File {
        let path = try event.requireFile()
        if let mark = event.fileMark { try await FolderLister().require(path, toBe: mark) }
        let spec = try FileConnector.spec(ofFile: path, settings.reading)
        let source = try connectors.source(spec, context)
        return FileSupply.File(item: number, path: path, source: source)
    }
}

/// That one event of a batch cannot be worked on.
private struct EventFault: Error {
    let number: Int64
    let error: TrancheError

    init(_ number: Int64, _ error: TrancheError) { (self.number, self.error) = (number, error) }

    /// Whether trying again is of no use.
    var isFinal: Bool { error.category == .permanent }
}

extension String {
    /// Whether a text, which is JSON, is an object.
    fileprivate var isJSONObject: Bool {
        utf8.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == UInt8(ascii: "{")
    }
}

extension FolderLister {
    /// Fails where a file is not what it was when its event was given.
    ///
    /// - Throws: `TrancheError` `.invalidItem`.
    func require(_ path: String, toBe mark: FileMark) throws {
        guard let found = try self.mark(of: path) else {
            throw TrancheError(
                .invalidItem,
                "'\(path)' is there no more; it was moved or removed after its event was given"
            )
        }
        guard found == mark else {
            throw TrancheError(
                .invalidItem,
                "'\(path)' has changed since its event was given: it has \(found.words), and had "
                    + "\(mark.words). What it is now is another event, once it is complete"
            )
        }
    }
}
