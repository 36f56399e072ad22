import Foundation
import Tranche
import TrancheChains
import TrancheSQL

/// What `tranche load` reads, checks and writes.
struct LoadOptions: Sendable {
    let file: FileName
    /// Whether the file is one of those of a folder, a pattern or a list.
    private var isOneOfSeveral = false
    let job: String
    var request: BatchRequest
    let workers: Int
    let grace: Grace
    /// How to exit when there was nothing to do.
    let idle: ProgramStatus
    let follows: Bool
    /// Whether what was not read of a file that stood there before is given up.
    private let replaces: Bool
    let isDryRun: Bool
    let promise: DeliveryPromise
    let maxRejects: RejectLimit?
    let policy: PolicyOptions
    private let reading: FileReading
    private let map: String?
    private let isCleaned: Bool
    private let schema: String?
    private let isStrict: Bool
    private let rejects: String?
    private let target: String?
    private let table: String?
    private let writing: LoadSink.Writing

    static let groups: [CommandDescription.OptionGroup] = [
        ReadingOptions.group("The file"),
        .init(
            title: "The records",
            options: [
                .init(
                    "map",
                    "FILE",
                    "JSON with new names, groups and constants: \"rename\", \"group\", \"constant\""
                ),
                .init("clean", nil, "leave out what are no letters, digits or the like"),
                .init(
                    "schema",
                    "FILE",
                    "a JSON Schema that records must meet; converts their fields"
                ),
                .init(
                    "strict-types",
                    nil,
                    "judge values by the schema as they are: a text is no number, null is a value"
                ),
                .init(
                    "rejects",
                    "FILE",
                    "where records go that are refused; with --schema FILE.error.jsonl by default"
                ),
                .init("max-rejects", "N|P%", "most of them in a batch, else it fails"),
                .init(
                    "drop-unknown",
                    nil,
                    "leave out fields that the table has no column for; refused by default"
                ),
                .init("add-columns", nil, "add columns for them to the table"),
                .init("to", "SINK", LoadSink.help + " (TRANCHE_SINK)"),
                .init("table", "TABLE", "the table in that database"),
                .init("key", "A,B,…", "the fields that name a row: one that is there is replaced"),
                .init(
                    "create-index",
                    nil,
                    "make the unique index of --key in MongoDB, if there is none"
                ),
                .init(
                    "each",
                    nil,
                    "send a webhook each record as a request, rather than each batch"
                ),
                .init(
                    "cypher",
                    "FILE",
                    "the statement that a graph runs, with records as $batch: UNWIND $batch AS row MERGE …"
                ),
                .init("file-per-batch", nil, "keep a file for each batch in the folder PATH"),
                .init(
                    "overwrite",
                    nil,
                    "replace what others left at PATH, or as file of rejects; refused by default"
                ),
                .init(
                    "promise",
                    DeliveryPromise.allCases.map(\.rawValue).joined(separator: "|"),
                    "what the sink must promise; idempotent by default. MongoDB then writes a batch in a "
                        + "transaction",
                    choices: DeliveryPromise.allCases.map(\.rawValue)
                ),
            ]
        ),
        .init(
            title: "The job",
            options: [
                .init("job", "JOB", "name of the job; load by default"),
                .init("run", "RUN", "name of a bounded run; the open-ended one by default"),
                .init(
                    "again",
                    "NAME",
                    "load what was loaded before anew, and into another target if you like: as a run of that "
                        + "name, which goes on when it is given again"
                ),
                .init("from", "OFFSET", "the lowest offset of the run; needs --run"),
                .init("to-offset", "OFFSET", "the highest offset of the run; needs --run"),
                .init("weight", "BYTES", "most bytes of a batch; 8MiB by default"),
                .init("count", "N", "most records of a batch"),
                .init("workers", "N", "batches at a time; 1 by default"),
                .init("worker", "NAME", "who asks (TRANCHE_WORKER); host and process by default"),
                .init("follow", nil, "never end: wait for the file to grow"),
                .init(
                    "replaced",
                    nil,
                    "with --follow: give up what was not read of the file that stood there before"
                ),
                Grace.option(of: "batches"),
                ProgramStatus.idleOption(0),
                .init(
                    "dry-run",
                    nil,
                    "show what would be read, checked and written, and do none of it"
                ),
            ]
        ),
        PolicyOptions.group,
    ]

    init(_ arguments: Arguments) throws {
        let options = try ReadingOptions(arguments, file: arguments.operand(0, "FILE"))
        file = options.file
        reading = options.reading
        job = arguments.text("job") ?? "load"
        policy = try PolicyOptions(arguments)
        workers = try arguments.value("workers") { try parseCount($0) } ?? 1
        guard workers <= 1000 else {
            throw UsageError("--workers \(workers) is too many; at most 1000")
        }
        grace = try Grace(arguments)
        idle = try ProgramStatus.whenIdle(arguments) ?? .done
        follows = arguments.has("follow")
        replaces = arguments.has("replaced")
        guard follows || !replaces else {
            throw UsageError("--replaced goes with --follow: other files are not told to grow")
        }
        isDryRun = arguments.has("dry-run")
        map = arguments.text("map")
        isCleaned = arguments.has("clean")
        schema = arguments.text("schema")
        isStrict = arguments.has("strict-types")
        guard schema != nil || !isStrict else {
            throw UsageError("--strict-types goes with --schema")
        }
        rejects = arguments.text("rejects")
        maxRejects = try arguments.value("max-rejects", Self.parseLimit)
        guard schema != nil || rejects != nil || maxRejects == nil else {
            throw UsageError("--max-rejects goes with --schema or --rejects")
        }
        target = arguments.text("to")
        if let target, holdsPassword(target) {
            throw UsageError(
                "--to holds a password, which everyone on this machine could read; put the URL into "
                    + "TRANCHE_SINK"
            )
        }
        table = arguments.text("table")
        promise =
            try arguments.value("promise") { text in
                guard let promise = DeliveryPromise(rawValue: text) else {
                    let known = DeliveryPromise.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValueError("give one of \(known)")
                }
                return promise
            } ?? .idempotent
        writing = try LoadSink.Writing(
            key: Self.names(arguments.text("key")),
            isFilePerBatch: arguments.has("file-per-batch"),
            overwrites: arguments.has("overwrite"),
            createsIndex: arguments.has("create-index"),
            isRecordEach: arguments.has("each"),
            statement: arguments.text("cypher").map { try Self.statement($0) },
            isTransactional: promise == .transactional,
            unknownFields: try Self.unknownFields(arguments)
        )
        request = try Self.request(arguments, job: job, policy: policy)
    }

    /// The paths that a command line says to write to.
    static func outputs(_ arguments: Arguments) -> [String] {
        let sinks = ["csv:", "jsonl:"].compactMap { prefix in
            arguments.text("to").flatMap {
                $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil
            }
        }
        return sinks + arguments.texts("rejects")
    }

    /// The options of each file that a command line names.
    ///
    /// - Parameters:
    ///   - operands: The files.
    ///   - arguments: The command line.
    /// - Returns: A file's options each; rejects of all go to one file.
    /// - Throws: As ``init(_:)``.
    static func each(_ operands: FileOperands, _ arguments: Arguments) throws -> [LoadOptions] {
        var arguments = arguments
        if operands.areSeveral, arguments.has("schema"), !arguments.has("rejects") {
            let job = arguments.text("job") ?? "load"
            arguments.values["rejects"] = ["\(job).error.jsonl"]
        }
        let files = try operands.files.map { file in
            arguments.operands = [file]
            var options = try LoadOptions(arguments)
            options.isOneOfSeveral = operands.areSeveral
            return options
        }
        try requireApart(files.map(\.file.path), outputs(arguments))
        try ReadingOptions.requireUse(arguments, by: Set(files.map(\.file.format)))
        return files
    }

    /// Refuses to write over what is read, and rejects over records.
    private static func requireApart(_ inputs: [String], _ outputs: [String]) throws {
        let written = outputs.map { (path: $0, name: ResolvedPath($0).text) }
        let read = Set(inputs.filter { !FileName.isObject($0) }.map { ResolvedPath($0).text })
        if let output = written.first(where: { read.contains($0.name) }) {
            throw UsageError("'\(output.path)' is read: it cannot be written to as well")
        }
        if let output = written.first, Set(written.map(\.name)).count < written.count {
            throw UsageError("records and rejects cannot go to the same file, '\(output.path)'")
        }
    }

    private static func unknownFields(
        _ arguments: Arguments
    ) throws -> SQLTableSink.UnknownFields {
        switch (arguments.has("drop-unknown"), arguments.has("add-columns")) {
        case (false, false): return .refuse
        case (true, false): return .drop
        case (false, true): return .addColumns
        case (true, true):
            throw UsageError("give --drop-unknown or --add-columns, not both")
        }
    }

    private static func statement(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw UsageError("--cypher '\(path)': the file cannot be read")
        }
    }

    private static func names(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func parseLimit(_ text: String) throws -> RejectLimit {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), (0...100).contains(percent) else {
                throw ValueError("give a share from 0% to 100%")
            }
            return .share(percent / 100)
        }
        guard let count = Int(text), count >= 0 else {
            throw ValueError("give a whole number from 0 on, or a share such as 1%")
        }
        return .count(count)
    }

    private static func request(
        _ arguments: Arguments,
        job: String,
        policy: PolicyOptions
    ) throws -> BatchRequest {
        if arguments.has("run"), arguments.has("again") {
            throw UsageError("--again names a run, as --run does; give one of them")
        }
        let run = arguments.text("run") ?? arguments.text("again") ?? ""
        if arguments.has("again"), run.isEmpty {
            throw UsageError("--again '': give the run a name, such as the date")
        }
        let ids = IDBounds(
            lower: try arguments.value("from", parseID),
            upper: try arguments.value("to-offset", parseID)
        )
        if run.isEmpty, !ids.isOpen {
            throw UsageError(
                "--from and --to-offset need --run: the run without a name is open-ended"
            )
        }
        let request = BatchRequest(
            job: job,
            run: run,
            ids: ids,
            limit: BatchLimit(
                weight: try arguments.value("weight", parseWeight) ?? 8 * 1024 * 1024,
                count: try arguments.value("count") { try parseCount($0) }
            ),
            policy: policy.applied(to: RunPolicy())
        )
        try request.validate()
        return request
    }

    // MARK: - Parts of the chain

    /// The file's records.
    func source(_ settings: Settings) throws -> any MetaSourceDescription {
        try file.source(reading, grows: follows, replaces: replaces, settings)
    }

    /// The file that the run writes, as its name says.
    ///
    /// - Parameter settings: May say where to write to.
    /// - Returns: The path; `nil` for other sinks, and for a folder of a file for each batch.
    /// - Throws: ``UsageError``.
    func runOutput(_ settings: Settings) throws -> String? {
        if writing.isFilePerBatch { return nil }
        return switch try place(settings) {
        case .csv(let path), .jsonLines(let path): PartFolder.path(path, ofRun: request.run)
        default: nil
        }
    }

    /// Where the records of the run go that are refused, as its name says.
    var runRejects: String? { rejectsPath.map { PartFolder.path($0, ofRun: request.run) } }

    /// Where the records go that are refused; `nil` where they are quarantined.
    var rejectsPath: String? {
        schema == nil ? rejects : rejects ?? file.stem + ".error.jsonl"
    }

    private var rejectsFile: RejectFile? {
        rejectsPath.map {
            .jsonLines($0, overwrites: writing.overwrites, namesSource: isOneOfSeveral)
        }
    }

    /// Where the records go.
    private func place(_ settings: Settings) throws -> LoadSink {
        guard let (text, origin) = target.map({ ($0, "--to") }) ?? settings.sink else {
            throw UsageError("--to is missing; give \(LoadSink.help)")
        }
        do {
            return try LoadSink(text, table: table, environment: settings.environment)
        } catch let error as ValueError {
            throw UsageError("\(origin) '\(redacted(text))': \(error.message)")
        }
    }

    /// Where the records go and what is made of them, which belongs to the run.
    ///
    /// - Parameter settings: May say where to write to.
    /// - Returns: The target.
    /// - Throws: ``UsageError``.
    func namedTarget(_ settings: Settings) throws -> LoadTarget {
        try LoadTarget(
            try place(settings),
            writing,
            isCleaned: isCleaned,
            map: map,
            schema: schema
        )
    }

    /// The chain from the file to the sink.
    ///
    /// - Parameters:
    ///   - settings: May say where to write to.
    ///   - note: Told in words what a sink leaves out or changes.
    /// - Returns: The chain.
    /// - Throws: ``UsageError``, or `TrancheError` for a schema that cannot be used.
    func chain(
        _ settings: Settings,
        note: @escaping @Sendable (String) -> Void
    ) throws -> SinkChain {
        let place = try place(settings)
        var records = Chain<Record>(reading: try source(settings))
        if isCleaned { records = records.cleaning() }
        if let map { records = records.mapping(try FieldMapping(contentsOf: map)) }
        if let schema {
            var rules = try RecordSchema(contentsOf: schema)
            rules.convertsTexts = !isStrict
            records = records.validate(
                rules,
                rejectsTo: rejectsFile
            )
        } else if let rejectsFile {
            records = records.rejecting(to: rejectsFile)
        }
        return records.write(
            to: try place.sink(writing, settings, note: note)
        )
    }
}
