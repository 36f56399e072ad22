import Foundation
import Tranche
import TrancheChains

/// Loads the records of a file into a sink.
struct LoadCommand: Command {
    static let description = CommandDescription(
        name: "load",
        summary: "Load the records of a file, validated, in batches, into a database or files",
        operands: [
            .init(
                name: "FILE",
                help:
                    "a CSV or JSON Lines file, or gs://BUCKET/NAME or s3://BUCKET/NAME; one that ends in "
                    + ".gz is decompressed"
            )
        ],
        groups: LoadOptions.groups,
        notes: """
            The file is cut into batches by offsets, at the ends of records. Several workers
            and several processes may load it at once; a load that was interrupted goes on
            with the batches that were in hand. A file that has changed since is refused,
            unless --follow says that it grows.

            Records that cannot be read, or that the sink does not take, are quarantined and
            all others loaded; with --rejects or --schema they go to the file of rejects, with
            all that is wrong.

            Exit: 0 complete, 1 complete with failed or quarantined batches or with all
            records refused, 75 held or paused; after a signal 0 when all in hand was
            finished, else 130.

            """
    )

    static var handlesSignals: Bool { true }

    private let options: LoadOptions

    init(_ arguments: Arguments) throws {
        options = try LoadOptions(arguments)
        worker = arguments.text("worker")
    }

    private let worker: String?

    func run(_ context: Context) async throws -> ProgramStatus {
        let notes = FirstFailure()
        let chain = try options.chain(context.settings) { text in
            notes.keep { try context.note(text) }
        }
        let source = try options.source(context.settings)
        let signals = context.signals()
        return try await context.withInventory(worker: worker) { inventory in
            if options.isDryRun { return try await forecast(chain, source, inventory, context) }
            let progress = Progress(
                context.errors,
                style: Style(context.errors, environment: context.environment),
                weighsBytes: true,
                hasWeights: true
            )
            let start = ContinuousClock.now
            let load = Load(
                chain: chain,
                source: source,
                inventory: inventory,
                options: options,
                progress: progress,
                tell: { try context.note($0) },
                write: { if context.isJSON { try context.output.writeLine(JSON($0).text) } }
            )
            do {
                let report = try await load.run(signals)
                progress.finish(elapsed: ContinuousClock.now - start, isOver: true)
                try notes.rethrow()
                try await noteQuarantined(report, inventory, context)
                return try status(report, load, context)
            } catch {
                progress.finish(elapsed: ContinuousClock.now - start, isOver: false)
                throw error
            }
        }
    }

    private func status(
        _ report: ChainReport,
        _ load: Load,
        _ context: Context
    ) throws -> ProgramStatus {
        if !context.isJSON { try context.output.write(LoadText(report).text(context.style)) }
        let rejected = report.counters[CounterName.rejected]
        if rejected > 0, let path = options.rejectsPath {
            try context.note(
                "\(HumanText.count(rejected, "record was", "records were")) refused; see \(path)"
            )
        }
        // What was in hand is finished: otherwise there would be no report.
        if load.wasStopped { return .done }
        guard report.reason == .complete else {
            try context.note("\(options.job): \(report.reason.description)")
            return .tryAgain
        }
        if report.isSuccess {
            guard rejected > 0, report.counters[CounterName.written] == 0 else { return .done }
            try context.note("no record was loaded: all were refused")
            return .failed
        }
        if let error = report.lastError { try context.note("the last failure: \(error)") }
        try context.note(
            "\(options.job) is complete, but batches failed or are quarantined; 'tranche status' and "
                + "'tranche batches --job \(options.job)' show them, 'tranche retry' and 'tranche redrive' "
                + "offer them again"
        )
        return .failed
    }

    /// Says which records are quarantined, and why.
    private func noteQuarantined(
        _ report: ChainReport,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        guard let run = report.run, let count = run.totals[.quarantined]?.items, count > 0 else {
            return
        }
        let first = try await inventory.batches(
            BatchSelection(runs: RunSelection(run.run.key), status: .quarantined, limit: 3)
        )
        let reasons = first.map { "\n  record \($0.idStart): \($0.logging ?? "no reason")" }
        try context.note(
            "\(HumanText.count(count, "record is", "records are")) quarantined, such as"
                + reasons.joined()
        )
    }

    /// Says what would be done.
    private func forecast(
        _ chain: SinkChain,
        _ source: any MetaSourceDescription,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> ProgramStatus {
        let forecast = try await inventory.plan(
            options.request,
            from: source,
            batches: 10_000
        )
        let records =
            forecast.open.reduce(0) { $0 + $1.count } + forecast.ranges.reduce(0) { $0 + $1.count }
        let batches = forecast.open.count + forecast.ranges.count
        let sink = try await chain.check(beside: inventory, source)
        let document = JSON.object([
            ("file", .string(options.file.path)),
            ("fields", .array(sink.fields.map { .string($0) })),
            ("records", JSON(records)),
            ("batches", JSON(batches)),
            ("reached_end", .bool(forecast.reachedEnd)),
            ("sink", .string(sink.name)),
            ("promise", .string(sink.promise.rawValue)),
        ])
        try context.write(document) {
            """
            would load \(HumanText.count(records, "record")) of \(options.file.path) in \
            \(HumanText.count(batches, "batch", "batches"))
            into \(sink.name), which promises \(sink.promise.rawValue)
            fields: \(sink.fields.isEmpty ? "each record's own" : sink.fields.joined(separator: ", "))

            """
        }
        return .done
    }
}

/// What a load came to, for people.
private struct LoadText {
    let report: ChainReport

    init(_ report: ChainReport) {
        self.report = report
    }

    func text(_ style: Style) -> String {
        var table = Table([.text("COUNTER"), .number("HERE")])
        let counters = report.counters.values.filter { $0.value != 0 }.sorted { $0.key < $1.key }
        if counters.isEmpty { return "" }
        for (name, value) in counters {
            table.add([Table.Cell(name), Table.Cell(HumanText.number(value))])
        }
        return table.text(style)
    }
}

extension JSON {
    /// The end of a batch of a load.
    init(_ report: ChainBatchReport) {
        let batch = report.batch
        let (status, error): (String, String?) =
            switch report.outcome {
            case .succeeded: ("succeeded", nil)
            case .failed(let error): ("failed", error)
            case .lost: ("lost", nil)
            case .released: ("released", nil)
            }
        let counters = report.counters.values.sorted { $0.key < $1.key }
        self = .object([
            ("batch", .integer(batch.id)),
            ("attempt", JSON(batch.attempt)),
            ("job", .string(batch.key.job)),
            ("run", .string(batch.key.run)),
            ("status", .string(status)),
            ("id_start", .integer(batch.idStart)),
            ("id_end", .integer(batch.idEnd)),
            ("count", JSON(batch.count)),
            ("weight", .number(batch.weight ?? 0)),
            ("seconds", .number(Double(Int((report.elapsed / .seconds(1)) * 1000)) / 1000)),
            ("counters", .object(counters.map { ($0.key, JSON($0.value)) })),
            ("error", JSON(error)),
        ])
    }
}
