import FoundationEssentials
import Tranche
import TrancheChains
import TrancheConnectors

/// What `tranche load` reads, checks and writes.
struct LoadOptions: Sendable {
    let file: NamedFile
    private let spec: SourceSpec
    /// Whether the file is one of those of a folder, a pattern or a list.
    private var isOneOfSeveral = false
    let job: String
    var request: BatchRequest
    let workers: Int
    let prefetch: Int
    let grace: Grace
    /// How long a batch may take; `nil` for any time.
    let timeout: Duration?
    /// How long a batch may go on without progress; `nil` for any time.
    let idleBound: Duration?
    /// How to exit when there was nothing to do.
    let idle: ProgramStatus
    let follows: Bool
    /// Whether what was not read of a file that stood there before is given up.
    private let replaces: Bool
    let isDryRun: Bool
    /// Whether the table is made that records go to.
    let createsTable: Bool
    let promise: DeliveryPromise
    let maxRejects: RejectLimit?
    let policy: PolicyOptions
    private let map: String?
    private let isCleaned: Bool
    private let schema: String?
    private let isStrict: Bool
    private let rejects: String?
    private let target: String?
    private let overwrites: Bool
    private let arguments: Arguments

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        (file, spec) = try Self.file(arguments)
        job = arguments.text("job") ?? "load"
        policy = try PolicyOptions(arguments)
        workers = try arguments.value("workers") { try parseCount($0) } ?? 1
        guard workers <= 1000 else {
            throw UsageError("--workers \(workers) is too many; at most 1000")
        }
        prefetch = try arguments.value("prefetch") { try parseCount($0, from: 0) } ?? 0
        guard prefetch <= 1000 else {
            throw UsageError("--prefetch \(prefetch) is too many; at most 1000")
        }
        grace = try Grace(arguments)
        timeout = try WorkOptions.bound("timeout", arguments)
        idleBound = try WorkOptions.bound("idle", arguments)
        idle = try ProgramStatus.whenIdle(arguments) ?? .done
        follows = arguments.has("follow")
        replaces = arguments.has("replaced")
        guard follows || !replaces else {
            throw UsageError("--replaced goes with --follow: only such files may be replaced")
        }
        isDryRun = arguments.has("dry-run")
        createsTable = arguments.has("create-table")
        guard !createsTable || !follows else {
            throw UsageError(
                "--create-table looks at records that are there: load these first, without --follow"
            )
        }
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
        overwrites = arguments.has("overwrite")
        // What cannot be read is said before anything is opened.
        _ = try SpecOptions.sink(from: "--to").fields(arguments)
        promise =
            try arguments.value("promise") { text in
                guard let promise = DeliveryPromise(rawValue: text) else {
                    let known = DeliveryPromise.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValueError("give one of \(known)")
                }
                return promise
            } ?? .idempotent
        request = try Self.request(arguments, job: job, policy: policy)
    }

    /// The paths that a command line says to write to.
    static func outputs(_ arguments: Arguments) throws -> [String] {
        let sink = try arguments.text("to").flatMap { text in
            try SpecOptions.sink(from: "--to").named { NamedFile(try SinkSpec(text)) }
        }
        return (sink.map { [$0.path] } ?? []) + arguments.texts("rejects")
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
        try requireUse(arguments, by: files)
        return files
    }

    /// Refuses to write over what is read, and rejects over records.
    ///
    /// - Parameters:
    ///   - files: What is read.
    ///   - settings: May say where to write to.
    /// - Throws: ``UsageError``.
    func requireApart(_ files: [LoadOptions], _ settings: Settings) throws {
        let sink = try withSink(settings) { NamedFile($0)?.path }
        let events = arguments.text("lineage").flatMap { $0.contains("://") ? nil : $0 }
        let outputs = [sink, rejectsPath].compactMap { $0 }.flatMap { path in
            let ofRun = PartFolder.path(path, ofRun: request.run)
            return path == ofRun ? [path] : [path, ofRun]
        }
        let rules = [map, schema, arguments.text("cypher")].compactMap { $0 }
        let inputs = files.map(\.file.path).filter { !NamedFile.isObject($0) } + rules
        let written = outputs.map { (path: $0, name: ResolvedPath($0).text) }
        let read = Set(inputs.map { ResolvedPath($0).text })
        if let events, (written.map(\.name) + read).contains(ResolvedPath(events).text) {
            throw UsageError(
                "--lineage '\(events)' is read or written otherwise; name another file"
            )
        }
        if let output = written.first(where: { read.contains($0.name) }) {
            throw UsageError("'\(output.path)' is read: it cannot be written to as well")
        }
        if let output = written.first, Set(written.map(\.name)).count < written.count {
            throw UsageError("records and rejects cannot go to the same file, '\(output.path)'")
        }
    }

    /// The file that is read, and how.
    private static func file(_ arguments: Arguments) throws -> (NamedFile, SourceSpec) {
        let options = SpecOptions.file
        let path = try arguments.operand(0, "FILE")
        let given = try options.fields(arguments)
        return try options.named {
            var spec = try FileConnector.spec(ofFile: path, given)
            // Of several files an option may mean some.
            let known = try Connectors.ofProgram.scheme(of: spec).fields
            spec.fields = given.filter { known.contains($0.key) }
            if arguments.has("follow") { spec.fields["follow"] = true }
            _ = try Connectors.ofProgram.source(spec, ConnectorContext())
            guard let file = NamedFile(spec) else {
                throw UsageError("'\(redacted(path))' is not a file")
            }
            return (file, spec)
        }
    }

    /// Refuses options that mean nothing for the files there are.
    private static func requireUse(_ arguments: Arguments, by files: [LoadOptions]) throws {
        let schemes = try files.map { try Connectors.ofProgram.scheme(of: $0.spec) }
        for (name, value) in try SpecOptions.file.fields(arguments) {
            guard !schemes.contains(where: { $0.fields.contains(name) }),
                var spec = files.first?.spec
            else { continue }
            spec.fields[name] = value
            try SpecOptions.file.named {
                _ = try Connectors.ofProgram.source(spec, ConnectorContext())
            }
        }
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
        if let lower = ids.lower, let upper = ids.upper, lower > upper {
            throw UsageError("--from \(lower) is above --to-offset \(upper); swap them")
        }
        var request = BatchRequest(
            job: job,
            run: run,
            ids: ids,
            limit: BatchLimit(
                weight: try arguments.value("weight", parseWeight) ?? 8 * 1024 * 1024,
                count: try arguments.value("count") { try parseCount($0) }
            ),
            policy: policy.applied(to: RunPolicy())
        )
        request.limits = try LimitOptions(arguments).ofNewRun
        try request.validate()
        return request
    }

    // MARK: - Parts of the chain

    /// Whether the delimiter of the file was given, and is not guessed.
    var saysDelimiter: Bool { arguments.has("delimiter") || arguments.has("format") }

    /// Whether all is to be loaded again, as a run that may be new.
    var isAgain: Bool { arguments.has("again") }

    /// Whether a row may be replaced by one that stands before it in the file.
    var mayReorder: Bool { workers > 1 && arguments.has("key") }

    /// Whether records are to meet a schema.
    var hasSchema: Bool { schema != nil }

    /// The schema; `nil` where there is none.
    var rules: RecordSchema? {
        get throws {
            guard let schema else { return nil }
            var rules = try RecordSchema(contentsOf: schema)
            rules.convertsTexts = !isStrict
            return rules
        }
    }

    /// The file's records.
    func source(_ settings: Settings) throws -> any MetaSourceDescription {
        try SpecOptions.file.named {
            try Connectors.ofProgram.source(spec, settings.connecting)
        }
    }

    /// The file that the run writes, as its name says.
    ///
    /// - Parameter settings: May say where to write to.
    /// - Returns: The path; `nil` for other sinks, and for a folder of a file for each batch.
    /// - Throws: ``UsageError``.
    func runOutput(_ settings: Settings) throws -> String? {
        try withSink(settings) { sink in
            if sink.fields["file_per_batch"] == true { return nil }
            return NamedFile(sink).map { PartFolder.path($0.path, ofRun: request.run) }
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
            .jsonLines($0, overwrites: overwrites, namesSource: isOneOfSeveral)
        }
    }

    /// Lends where the records go, and says what is wrong with it by its options.
    private func withSink<Result>(
        _ settings: Settings,
        _ body: (SinkSpec) throws -> Result
    ) throws -> Result {
        guard let (text, origin) = target.map({ ($0, "--to") }) ?? settings.sink else {
            throw UsageError("--to is missing; give \(Self.sinks)")
        }
        let options = SpecOptions.sink(from: origin)
        var given = try options.fields(arguments)
        return try options.named {
            var spec = try SinkSpec(text, passwords: target == nil ? .hidden : .refused)
            let known = try Connectors.ofProgram.scheme(of: spec).fields
            // These mean the file of rejects, or what is to be promised, too.
            if overwrites, known.contains("overwrite") { given["overwrite"] = true }
            if promise == .transactional, known.contains("transactional") {
                given["transactional"] = true
            }
            spec.fields.merge(given) { _, given in given }
            return try body(spec)
        }
    }

    /// Where the records go and what is made of them, which belongs to the run.
    ///
    /// - Parameter settings: May say where to write to.
    /// - Returns: The target, in words.
    /// - Throws: ``UsageError``.
    func namedTarget(_ settings: Settings) throws -> String {
        var target = try withSink(settings) { try Connectors.ofProgram.target(of: $0) }
        try target.add(isCleaned: isCleaned, map: map, schema: schema)
        return target.text
    }

    /// The records with the fields that they are checked and written with.
    ///
    /// - Parameter source: The file's records.
    /// - Returns: The beginning of the chain.
    /// - Throws: `TrancheError` `.invalidArgument` for a mapping that cannot be used.
    func shape(of source: any MetaSourceDescription) throws -> Chain<Record> {
        var records = Chain<Record>(reading: source)
        if isCleaned { records = records.cleaning() }
        if let map { records = records.mapping(try FieldMapping(contentsOf: map)) }
        return records
    }

    /// The chain from the file to the sink.
    ///
    /// - Parameters:
    ///   - records: The records with their fields.
    ///   - settings: May say where to write to.
    ///   - note: Called with a sentence about each thing that a sink leaves out or changes.
    /// - Returns: The chain.
    /// - Throws: ``UsageError``, or `TrancheError` for a schema that cannot be used.
    func chain(
        from records: Chain<Record>,
        _ settings: Settings,
        note: @escaping @Sendable (String) -> Void
    ) throws -> SinkChain {
        let sink = try withSink(settings) { spec in
            var context = try settings.connecting
            context.note = note
            return try Connectors.ofProgram.sink(spec, context)
        }
        var records = records
        if let rules = try rules {
            records = records.validate(
                rules,
                rejectsTo: rejectsFile
            )
        } else if let rejectsFile {
            records = records.rejecting(to: rejectsFile)
        }
        return records.write(to: sink)
    }
}
