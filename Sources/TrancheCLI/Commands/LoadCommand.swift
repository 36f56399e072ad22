import FoundationEssentials
import Glibc
import Tranche
import TrancheChains

/// Loads the records of a file into a sink.
struct LoadCommand: Command {
    static let description = CommandDescription(
        name: "load",
        summary: "Load the records of a file, validated, in batches, into a database or files",
        isUsual: true,
        examples: ["tranche load people.csv --to table:person --key id --dry-run"],
        operands: [
            .init(
                name: "FILE",
                help:
                    "a CSV or JSON Lines file, or gs://BUCKET/NAME or s3://BUCKET/NAME; gzip, zstd, bzip2, xz "
                    + "and zip are decompressed; or a folder of such files, or a pattern in quotes",
                isRepeatable: true,
                brief: "a CSV or JSON Lines file, a folder of such, or a pattern in quotes"
            )
        ],
        groups: LoadOptions.groups,
        notes: """
            load cuts the file into batches by offsets, at the ends of records. Several workers
            and processes can load it together, and an interrupted load continues with the
            batches in hand. A file that has changed is refused, unless --follow says that it
            grows. All spellings of a path, and all links, name the same file.

            Several files, folders, and patterns such as 'data/*.csv.gz' are one job. Each file
            is a source of its own, in the order of names; with many files, each worker takes
            one. The same command later loads the files that are new. From a folder, hidden
            files, files that begin with '_', and files without a known suffix are skipped, and
            reported.

            With --follow, a file that is rotated within its folder is read to its end, then the
            new file under its name. If the old file cannot be found, loading stops until you
            put it back, or give it up with --replaced.

            A file that was loaded into one target is not loaded into another one: --again NAME
            loads it again, --job NAME as another job.

            Records that are not readable, or that the sink refuses, are quarantined, and all
            others loaded. With --rejects or --schema they go to a file of rejects, with all
            their faults.

            After --timeout, or after --idle without progress, a batch fails with "timed out",
            and is tried again as after other failures.

            After SIGINT, SIGTERM or SIGHUP no new batch begins. Running ones may continue for
            --grace, or until a second signal at least a second later.

            Exit: 0 complete; 1 complete with failed or quarantined batches, or all records
            rejected; 75 held or paused; after a signal 0 if it finished all its batches,
            otherwise 130; --exit-when-idle if all was loaded before.

            """,
        brief: """
            load cuts the file into batches; an interrupted load continues. Rejected records are
            quarantined, or go to a file of rejects, and all others are loaded.

            """
    )

    var handlesSignals: Bool { true }

    var options: LoadOptions
    private let files: [LoadOptions]
    let operands: FileOperands
    private let worker: String?
    private let lineage: LineageOptions

    init(_ arguments: Arguments) throws {
        operands = try FileOperands(
            arguments.operands,
            hasFormat: arguments.has("format"),
            outputs: try LoadOptions.outputs(arguments)
        )
        files = try LoadOptions.each(operands, arguments)
        guard let first = files.first else { throw UsageError("FILE is missing") }
        options = first
        worker = arguments.text("worker")
        lineage = try LineageOptions(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try options.requireApart(files, context.settings)
        let target = try options.namedTarget(context.settings)
        let files = try files.map { file in
            var file = file
            file.request.target = target
            return try LoadFile(file, context.settings) { text in
                // The load goes on, whatever becomes of its standard error.
                try? context.note(text)
            }
        }
        if !options.request.run.isEmpty, let path = try options.runOutput(context.settings) {
            try context.note("the output of run '\(options.request.run)' is '\(path)'")
        }
        if options.mayReorder, !options.isDryRun {
            try context.note(
                "of rows with one key in different batches the one that is written last counts; "
                    + "--workers 1 keeps the file's order"
            )
        }
        // A dry run writes nothing, no file of events either.
        let lineage =
            options.isDryRun ? nil : try lineage.lineage(context, grace: options.grace)
        return try await context.withInventory(
            worker: worker,
            waiting: !options.isDryRun,
            emitting: lineage
        ) { inventory in
            try await requireMeantRun(of: files, in: inventory)
            let (found, before) = try await look(at: files, inventory, context)
            for file in found { try await note(file, inventory, context) }
            let (left, made) = try await hinting(found.first, inventory) {
                try await makeTable(for: found, inventory, context)
            }
            if options.isDryRun {
                return try await forecast(left, made, inventory, context)
            }
            let signals = context.signals()
            let progress = Progress(
                context,
                weighsBytes: true,
                hasWeights: true,
                clock: inventory.configuration.clock
            )
            let start = ContinuousClock.now
            let load = Load(
                files: left,
                all: files,
                options: options,
                before: before,
                inventory: inventory,
                areSeveral: operands.areSeveral,
                progress: progress,
                // Likewise.
                tell: { try? context.note($0) },
                write: { report in
                    guard context.isJSON else { return }
                    try context.output.writeLine(ChainEndDocument(report).documentText())
                }
            )
            do {
                let report = try await load.run(signals)
                let words = load.wasStopped ? nil : nothingToDo(report, left)
                let isSaid = words != nil || left.isEmpty && before.runs.isEmpty
                await progress.finish(elapsed: ContinuousClock.now - start, isOver: !isSaid)
                if let words { try context.note(words) }
                try await noteQuarantined(report, inventory, context)
                return try status(report, load, context)
            } catch {
                await progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                // What was loaded before the error is no less loaded.
                try tell(load.counters, context)
                throw error
            }
        }
    }

    /// Says what was counted, and how many records were refused.
    private func tell(_ counters: Counters, _ context: Context) throws {
        if !context.isJSON { try context.output.write(LoadText(counters).text(context.style)) }
        let rejected = counters[CounterName.rejected]
        guard rejected > 0, let path = options.runRejects else { return }
        try context.note(
            "\(HumanText.count(rejected, "record was", "records were")) refused; see \(path)",
            .warning
        )
    }

    private func nothingToDo(_ report: LoadReport, _ left: [LoadFile]) -> String? {
        // Of a file that is empty that was said.
        guard !left.isEmpty || !report.runs.isEmpty else { return nil }
        let what = files.count == 1 ? options.file.path : "\(HumanText.number(files.count)) files"
        let isBounded = !options.request.ids.isOpen
        // An object may be without a header, too: only files are looked at before they are opened.
        let hasHeader = options.file.format == .csv && !NamedFile.isObject(options.file.path)
        return report.nothingToDo(what, hasHeader: hasHeader, isBounded: isBounded)
    }

    /// Finds the files that are to be loaded, and says what is done with the others.
    private func look(
        at files: [LoadFile],
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> (left: [LoadFile], before: LoadReport) {
        let job = RunSelection(job: options.job, run: options.request.run)
        let known = try await inventory.summaries(job)
        let runs = Dictionary(known.map { (ExactText($0.run.key.metaTable), $0) }) { first, _ in
            first
        }
        var left: [LoadFile] = []
        var before = LoadReport()
        var loaded = 0
        for file in files {
            let run = try await file.finished(among: runs, in: inventory)
            if let run, operands.areSeveral {
                before.add(run)
                loaded += 1
            } else if try await file.isEmpty() {
                try context.note("\(file.path) is empty: nothing to load")
            } else {
                left.append(file)
            }
        }
        for words in operands.leftOut { try context.note("left out \(words)") }
        if operands.areSeveral {
            let words = HumanText.count(files.count, "file")
            try context.note("\(words), \(HumanText.number(loaded)) of them loaded before")
        }
        return (left, before)
    }

    private func status(
        _ report: LoadReport,
        _ load: Load,
        _ context: Context
    ) throws -> ProgramStatus {
        try tell(report.counters, context)
        let rejected = report.counters[CounterName.rejected]
        if load.wasStopped {
            return load.progress.tally.unfinished.isEmpty ? .done : .interrupted
        }
        guard report.reason == .complete else {
            try context.note("\(options.job): \(report.reason.description)", .warning)
            if case .cancelled = report.reason { return .cancelled }
            if case .stuck = report.reason { return .failed }
            return .tryAgain
        }
        if report.isSuccess {
            guard rejected > 0, report.counters[CounterName.written] == 0 else {
                return report.attempts == 0 ? options.idle : .done
            }
            try context.note("no record was loaded: all were refused", .error)
            return .failed
        }
        if report.unread == 0, !report.hasFailedBatches, let words = report.runs.cancelledWords {
            try context.note("\(options.job) is complete, but \(words)", .warning)
            return report.attempts == 0 ? options.idle : .done
        }
        if let error = report.lastError { try context.note("the last failure: \(error)", .error) }
        if report.unread > 0 {
            try context.note(
                "\(HumanText.count(report.unread, "file was", "files were")) not loaded, as said above; "
                    + "mend or leave out what is wrong, and give the same command again",
                .error
            )
        }
        guard report.hasFailedBatches else { return .failed }
        try context.note(
            "\(options.job) is complete, but batches failed or are quarantined; 'tranche status' "
                + "and 'tranche batches --job \(RunKey.quoted(options.job))' show them, 'tranche "
                + "retry' and 'tranche redrive' offer them again (--may-repeat what may have been "
                + "executed)",
            .error
        )
        return .failed
    }

    /// Says which records are quarantined, and why.
    private func noteQuarantined(
        _ report: LoadReport,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        let runs = report.runs.filter { ($0.totals[.quarantined]?.items ?? 0) > 0 }
        let count = runs.reduce(0) { $0 + ($1.totals[.quarantined]?.items ?? 0) }
        guard count > 0 else { return }
        var reasons: [String] = []
        var remedies: [String] = []
        for run in runs where reasons.count < 3 {
            let key = run.run.key
            let first = try await inventory.batches(
                BatchSelection(
                    runs: RunSelection(key),
                    status: .quarantined,
                    limit: 3 - reasons.count
                )
            )
            let place = operands.areSeveral ? " of '\(key.metaTable)'" : ""
            reasons += first.map {
                "\n  record \($0.idStart)\(place): \($0.logging ?? "no reason")"
            }
            let told = first.compactMap(\.logging)
            for option in RedefinedSource.relaxations
            where told.contains(where: { $0.contains("--\(option)") }) {
                let names = key.commandOptions
                remedies.append(
                    "\n  to load such records: 'tranche redefine \(names) --\(option)', then "
                        + "'tranche redrive \(names)', then this command with --\(option)"
                )
            }
        }
        try context.note(
            "\(HumanText.count(count, "record is", "records are")) quarantined, such as"
                + (reasons + remedies).joined(),
            .warning
        )
    }

    /// Says what was found out about a file rather than said.
    ///
    /// - Throws: ``UsageError`` where a table of a single column would be made by a wrong
    ///   delimiter.
    private func note(
        _ file: LoadFile,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        let opened: any MetaSource
        do {
            opened = try await inventory.source(file.source)
        } catch let error as TrancheError where operands.areSeveral && !options.isDryRun {
            // Told when the file's turn comes; the others are loaded all the same.
            guard error.category == .permanent else { throw error }
            return
        }
        guard let content = opened as? any FileForecasting else { return }
        for words in content.notes { try context.note("note: \(words)") }
        guard let doubt = content.delimiterDoubt else { return }
        try requireParted(file, doubt)
        try context.note("note: '\(file.path)': \(doubt.hint)")
    }
}

/// What a load came to, for people.
private struct LoadText {
    let counters: Counters

    init(_ counters: Counters) {
        self.counters = counters
    }

    func text(_ style: Style) -> String {
        var table = Table([.text("COUNTER"), .number("HERE")])
        let counters = counters.values.filter { $0.value != 0 }.sorted { $0.key < $1.key }
        if counters.isEmpty { return "" }
        for (name, value) in counters {
            table.add([Table.Cell(name), Table.Cell(HumanText.number(value))])
        }
        return table.text(style)
    }
}

extension ChainEndDocument {
    /// Makes the document of the end of a batch of a load.
    init(_ report: BatchReport) {
        let (batch, failure) = (report.batch.record, report.end.failure)
        var counters = Counters()
        if case .succeeded(let success) = report.end { counters = success.counters }
        self.init(
            batch,
            status: failure == nil ? report.end.status : "failed",
            elapsed: report.elapsed,
            counters: counters,
            error: failure?.message
        )
    }
}
