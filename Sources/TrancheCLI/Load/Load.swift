import FoundationEssentials
import Synchronization
import Tranche
import TrancheChains

/// A load while it runs: with its progress, until it is done or a signal ends it.
struct Load: Sendable {
    /// Of so many files each has one worker, several at a time; of fewer all workers have one after
    /// the other.
    private static let filesPerWorker = 2

    /// The files to load, in order of their names.
    let files: [LoadFile]
    /// These, and those that were loaded before.
    let all: [LoadFile]
    /// What was loaded before.
    let before: LoadReport
    let inventory: Inventory
    let options: LoadOptions
    /// Whether the files are those of a folder, a pattern or a list.
    let areSeveral: Bool
    let progress: Progress
    let tell: @Sendable (String) -> Void
    let write: @Sendable (BatchReport) throws -> Void
    private let stop = StopSource()
    private let told = Told()
    private let counted = Counted()

    init(
        files: [LoadFile],
        all: [LoadFile],
        options: LoadOptions,
        before: LoadReport,
        inventory: Inventory,
        areSeveral: Bool,
        progress: Progress,
        tell: @escaping @Sendable (String) -> Void,
        write: @escaping @Sendable (BatchReport) throws -> Void
    ) {
        self.files = files
        self.all = all
        self.before = before
        self.inventory = inventory
        self.options = options
        self.areSeveral = areSeveral
        self.progress = progress
        self.tell = tell
        self.write = write
    }

    /// What was counted so far in the batches that succeeded here.
    var counters: Counters { counted.counters }

    /// Whether a signal ended it.
    var wasStopped: Bool { stop.stage >= .stopping }

    /// Runs the chain.
    ///
    /// - Returns: What came of it.
    /// - Throws: As `SinkChain.run(through:_:)`; what writing a report throws.
    func run(_ signals: AsyncStream<Int32>) async throws -> LoadReport {
        let report = try await stop.whileWatching(
            signals,
            grace: options.grace,
            clock: inventory.configuration.clock,
            progress,
            estimate: { await estimate() },
            { try await stop.run(until: .ending) { try await work() } }
        )
        // Cut short: what was in hand has been given back.
        guard let report else { throw CancellationError() }
        return report
    }

    private func work() async throws -> LoadReport {
        guard areSeveral else {
            var report = before
            for file in files { report.add(try await work(on: file, by: options.workers)) }
            return report
        }
        let areMany = files.count >= options.workers * Self.filesPerWorker
        let atOnce = options.follows ? files.count : areMany ? options.workers : 1
        let workers = atOnce > 1 ? 1 : options.workers
        var total = try await withThrowingTaskGroup(of: Ended.self) { group in
            var total = before
            var rest = files[...]
            func begin() {
                guard stop.stage == .running, let file = rest.popFirst() else { return }
                group.addTask { try await tryToWork(on: file, by: workers) }
            }
            for _ in 0..<atOnce { begin() }
            while let ended = try await group.next() {
                switch ended {
                case .report(let report): total.add(report)
                case .failure(let words): total.add(failure: words)
                }
                begin()
            }
            total.add(left: rest.count)
            return total
        }
        // What succeeded of a file before the fault that ended it has counted, too.
        total.counters = counters
        try await assemble(total)
        return total
    }

    /// How the work on one of several files ended.
    private enum Ended: Sendable {
        case report(ChainReport)
        case failure(String)
    }

    /// Works on one of several files; what is wrong with it alone does not keep the others from
    /// being loaded.
    private func tryToWork(on file: LoadFile, by workers: Int) async throws -> Ended {
        do {
            return .report(try await work(on: file, by: workers))
        } catch let error as TrancheError where error.code.concernsOneFile {
            progress.update(
                "\(file.path): \(error.message)",
                colour: .red,
                isAlwaysShown: true
            )
            return .failure("\(file.path): \(error.message)")
        }
    }

    private func work(on file: LoadFile, by workers: Int) async throws -> ChainReport {
        var chainOptions = chainOptions(file, workers: workers)
        chainOptions.assembles = !areSeveral
        return try await hinting(file, inventory) {
            try await file.chain.run(through: inventory, chainOptions)
        }
    }

    /// Puts together what all files left, by the chain of one that can be read.
    private func assemble(_ report: LoadReport) async throws {
        let known = Set(report.runs.map(\.run.key.metaTable))
        let first = all.first { file in
            known.contains(file.options.file.recorded) || known.contains(file.options.file.spelt)
        }
        guard let file = first else { return }
        var chainOptions = chainOptions(file, workers: 1)
        chainOptions.stop = StopSource()
        chainOptions.stop.advance(to: .stopping)
        chainOptions.isFinished = report.isFinished
        chainOptions.isOver = report.isOver
        _ = try await file.chain.run(through: inventory, chainOptions)
    }

    private func chainOptions(_ file: LoadFile, workers: Int) -> ChainOptions {
        var chainOptions = ChainOptions(
            request: file.options.request,
            workers: workers,
            end: options.follows ? .never : .whenComplete,
            promise: options.promise,
            maxRejects: options.maxRejects
        )
        chainOptions.stop = stop
        chainOptions.grace = options.grace.length
        chainOptions.timeout = options.timeout.map { .fixed($0) }
        chainOptions.idle = options.idleBound
        chainOptions.prefetch = options.prefetch
        chainOptions.spansJob = areSeveral
        chainOptions.waitsForSink = true
        chainOptions.watcher = progress
        chainOptions.onNotice = { notice in
            if told.isNew(notice) { tell(notice) }
        }
        chainOptions.onBatch = { report in
            note(report)
            try write(report)
        }
        chainOptions.onGivenBack = { progress.gaveBack($0) }
        return chainOptions
    }

    private func note(_ report: BatchReport) {
        let (batch, end) = (report.batch, report.end)
        counted.add(end)
        let words = end.failure.map { "failed: \($0.message)" } ?? end.status
        let size = progress.tally.words(items: batch.count, weight: batch.weight)
        let file = URL(filePath: batch.record.key.metaTable).lastPathComponent
        let place = areSeveral ? " of \(file)" : ""
        progress.update(
            "batch \(batch.id)\(place) at \(batch.record.idStart): \(size) \(words)",
            colour: end.failure == nil ? nil : .red,
            isAlwaysShown: end.failure != nil,
            about: batch.record
        ) { tally in
            tally.note(end, batch.id, items: batch.count, weight: batch.weight)
        }
    }

    /// Finds out how much there is to do: the files' sizes tell.
    private func estimate() async {
        guard progress.isLive, options.request.run.isEmpty, !options.follows else { return }
        var left = 0.0
        for file in files {
            // An estimate: what fails here fails again, and is told, when a batch is acquired.
            guard let source = try? await inventory.source(file.source),
                // The size of what is decompressed shows at its end.
                let size = try? await source.highestID(), size < .max - 1
            else { return }
            let key = RunKey(metaTable: source.definition.table, job: options.job)
            let run = try? await inventory.runs(RunSelection(key)).first
            left += Double(size - (run?.cursor ?? 0))
            // What is in hand, here or elsewhere, lies before the cursor.
            let open = try? await inventory.store.openBatches(of: key, heldAt: nil, limit: 1000)
            left += open?.reduce(0.0) { $0 + ($1.batch.weight ?? 0) } ?? 0
        }
        let planned = left
        progress.update { tally in
            tally.planned = .init(items: 0, weight: planned + tally.weight)
        }
    }
}

/// Names the delimiter that a file seems to have in an error that may come of another one.
///
/// - Parameters:
///   - file: The file.
///   - inventory: The inventory that it is opened beside.
///   - body: What is done with it.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
func hinting<Result>(
    _ file: LoadFile?,
    _ inventory: Inventory,
    _ body: () async throws -> Result
) async throws -> Result {
    do {
        return try await body()
    } catch let error as TrancheError {
        guard let file else { throw error }
        let named = error.naming(job: file.options.job)
        guard named.mayBeOfDelimiter else { throw named }
        throw named.naming(await file.delimiterDoubt(in: inventory))
    }
}

extension TrancheError {
    /// Whether a delimiter that is not the file's may be what is wrong.
    var mayBeOfDelimiter: Bool {
        [.invalidSource, .invalidArgument, .redefined].contains(code)
    }

    /// The error with the likelier delimiter of the file; with `nil` as it is.
    ///
    /// A definition that differs by a delimiter that is clearly wrong is that delimiter's fault.
    func naming(_ doubt: DelimiterDoubt?) -> TrancheError {
        guard mayBeOfDelimiter, let doubt else { return self }
        guard code == .redefined else {
            let words = "\(message): \(doubt.hint)"
            return TrancheError(code, words, field: field, underlying: self)
        }
        guard doubt.isClear else { return self }
        return TrancheError(
            .invalidSource,
            "the delimiter '\(doubt.delimiter)' is not the file's: \(doubt.hint)",
            underlying: self
        )
    }

    /// Likewise, with what an open source tells.
    func naming(delimiterOf source: any MetaSource) -> TrancheError {
        naming((source as? any FileForecasting)?.delimiterDoubt)
    }

    /// The error, where a command that its message names says the job: a source does not know for
    /// which job it is read.
    func naming(job: String) -> TrancheError {
        let command = "--job JOB "
        guard message.contains(command) else { return self }
        let words = message.replacing(command, with: "--job \(RunKey.quoted(job)) ")
        return TrancheError(code, words, field: field, underlying: underlying)
    }
}

extension TrancheError.Code {
    /// Whether an error may be a single file's: its content, its header, what the sink has against
    /// its fields.
    var concernsOneFile: Bool {
        [.invalidSource, .invalidItem, .redefined, .invalidArgument].contains(self)
    }
}

/// What was counted so far, also of what ends badly later.
private final class Counted: Sendable {
    private let state = Mutex(Counters())

    var counters: Counters { state.withLock { $0 } }

    func add(_ end: BatchEnd) {
        switch end {
        case .succeeded(let success), .succeededInPart(let success, _):
            state.withLock { $0.merge(success.counters) }
        default: return
        }
    }
}
