import FoundationEssentials
public import Tranche
import TrancheConnectors
import TrancheSQL

extension SinkChain {
    /// What a chain would do.
    package struct Check: Sendable {
        /// The sink's name.
        package let name: String
        /// What it promises beside the inventory.
        package let promise: DeliveryPromise
        /// The fields of the records that it would be given; empty where each says its own.
        package let fields: [String]
        /// What was made of the source's content to read it, such as `decompressed from gzip`.
        package let notes: [String]
    }

    /// Opens source and sink and checks that all fits together, without acquiring anything.
    ///
    /// - Parameters:
    ///   - inventory: The inventory.
    ///   - source: The source.
    ///   - hasSink: Whether there is a sink to look at; its table may be to be made.
    /// - Returns: What it would do.
    /// - Throws: As ``run(through:_:)``.
    package func check(
        beside inventory: Inventory,
        _ source: any MetaSourceDescription,
        hasSink: Bool = true
    ) async throws -> Check {
        let opened = try await inventory.source(source)
        let fields = try chain.fields((opened as? any RecordMetaSource)?.fields)
        if hasSink { try await sink.prepare(for: fields, beside: inventory.store) }
        let promise = try await sink.promise(beside: inventory.store)
        await sink.close()
        return Check(
            name: sink.name,
            promise: promise.delivery,
            fields: fields?.names ?? [],
            notes: (opened as? FileMetaSource)?.formatNotes ?? []
        )
    }

    /// Runs the chain over all batches of a job that are not done yet.
    ///
    /// Several processes may run the same chain at once. A run that was interrupted goes on with
    /// the batches that were in hand, and with what follows.
    ///
    /// - Parameters:
    ///   - inventory: The inventory.
    ///   - job: Name of the job; 1 to 128 UTF-8 bytes.
    ///   - weight: Upper bound of each batch's weight, such as `8 << 20` bytes of a file; above 0.
    ///   - workers: How many batches are worked on at once.
    /// - Returns: What came of it.
    /// - Throws: As ``run(through:_:)``.
    public func run(
        through inventory: Inventory,
        job: String,
        weight: Int,
        workers: Int = 1
    ) async throws -> ChainReport {
        let request = BatchRequest(job: job, limit: BatchLimit(weight: Double(weight)))
        return try await run(through: inventory, ChainOptions(request: request, workers: workers))
    }

    /// Runs the chain over all batches of a run that are not done yet.
    ///
    /// - Parameters:
    ///   - inventory: The inventory.
    ///   - options: Whose batches, and how.
    /// - Returns: What came of it. A batch that fails does not end the run: see
    ///   ``ChainReport/isSuccess``.
    /// - Throws: `TrancheError` when source, steps and sink do not fit together, before anything is
    ///   acquired; `.storeUnavailable` (transient) and the like when the inventory cannot be
    ///   reached; `CancellationError`, after batches in hand were given back.
    public func run(
        through inventory: Inventory,
        _ options: ChainOptions
    ) async throws -> ChainReport {
        try options.validate()
        let clock = ContinuousClock()
        let start = clock.now
        do {
            let run = try await ChainRun(self, inventory, options)
            var report = try await run.workAndAssemble()
            report.run = try await inventory.summaries(RunSelection(run.key)).first
            report.elapsed = clock.now - start
            await sink.close()
            return report
        } catch {
            await sink.close()
            throw error
        }
    }
}

/// A chain while it is run.
struct ChainRun: Sendable {
    private let chain: Chain<Record>
    private let sink: any RecordSink
    let inventory: Inventory
    let options: ChainOptions
    let source: any MetaSource
    /// The fields that all records of the source have; `nil` where each says its own.
    private let fields: RecordFields?
    /// The sink, where it writes into the transaction of the success.
    private let transactional: (any TransactionalRecordSink)?
    /// What keeps reading and writing apart, where they are stages.
    private let gates: StageGates?
    /// Where the records come from, where that is not the source.
    let supply: (any RecordSupply)?
    let key: RunKey

    /// Opens source and sink, and checks that all fits together.
    init(_ chain: SinkChain, _ inventory: Inventory, _ options: ChainOptions) async throws {
        let source = try await inventory.source(chain.chain.source)
        let key = RunKey(
            metaTable: source.definition.table,
            job: options.request.job,
            run: options.request.run
        )
        try await self.init(chain, inventory, options, source, key, supply: nil)
    }

    /// Opens the sink for one batch, whose records come from elsewhere.
    init(
        _ chain: SinkChain,
        of batch: Batch,
        _ supply: any RecordSupply,
        _ options: ChainOptions
    ) async throws {
        let key = batch.record.key
        try await self.init(chain, batch.inventory, options, batch.source, key, supply: supply)
    }

    private init(
        _ chain: SinkChain,
        _ inventory: Inventory,
        _ options: ChainOptions,
        _ source: any MetaSource,
        _ key: RunKey,
        supply: (any RecordSupply)?
    ) async throws {
        self.chain = chain.chain
        sink = chain.sink
        self.inventory = inventory
        self.options = options
        self.source = source
        self.key = key
        self.supply = supply
        gates = options.stages.map { StageGates($0) }
        try options.stages?.requireFit(source.definition)
        fields =
            supply.map(\.fields) ?? (source as? any RecordMetaSource).map(\.fields)
            ?? ItemRecords.fields
        for attachment in chain.chain.attachments { try await attachment.prepare() }
        let sinkFields = try chain.chain.fields(fields)
        let promise = try await chain.sink.ready(for: sinkFields, in: inventory, options)
        transactional =
            promise.delivery == .transactional ? sink as? any TransactionalRecordSink : nil
        var notices = try await sink.claim(sinkRun)
        for attachment in self.chain.attachments {
            notices += try await attachment.claim(sinkRun)
        }
        notices += try self.chain.notices(fields)
        if options.isOfFile { notices = notices.map(FieldWords.text) }
        if let onNotice = options.onNotice { notices.forEach(onNotice) }
    }

    /// The run as the sink sees it.
    private var sinkRun: SinkRun {
        SinkRun(key, in: inventory.store, spansJob: options.spansJob)
    }

    /// Works on batches until there are none, and puts together what they left.
    ///
    /// What succeeded before a fault that ends the run is put together, too.
    func workAndAssemble() async throws -> ChainReport {
        let report: ChainReport
        do {
            report = try await work()
        } catch {
            if Task.isCancelled || error is CancellationError { throw error }
            do {
                try await assemble(isUnfinished: true)
            } catch let second {
                options.onNotice?("what was loaded before is not put together: \(second)")
            }
            throw error
        }
        guard options.assembles else { return report }
        let isComplete = report.reason == .complete && options.end == .whenComplete
        // The run of a job over several files says by itself when all of them are done.
        let isOver =
            options.isFinished || options.isOver || options.end == .never
            || isComplete && !options.spansJob
        // What failed may still come to its place by another attempt.
        let hasFailed = try await hasFailedBatches()
        try await assemble(isUnfinished: !isOver || hasFailed)
        if options.isFinished || isComplete && !options.spansJob { await clean() }
        return report
    }

    /// Removes what is of no use any more; what cannot be removed is told, and takes nothing from
    /// what was written.
    private func clean() async {
        do {
            for attachment in chain.attachments { try await attachment.clean(sinkRun) }
            try await (sink as? any CleanedSink)?.clean(sinkRun)
        } catch {
            options.onNotice?("what was kept to put outputs together is left behind: \(error)")
        }
    }

    private func hasFailedBatches() async throws -> Bool {
        try await sinkRun.together().contains { ($0.totals[.failed]?.batches ?? 0) > 0 }
    }

    private func assemble(isUnfinished: Bool) async throws {
        var run = sinkRun
        run.isUnfinished = isUnfinished
        for attachment in chain.attachments { try await attachment.assemble(run) }
        try await sink.assemble(run)
    }

    /// Works on batches until there are none.
    func work() async throws -> ChainReport {
        let handler = ChainHandler(self)
        let group = WorkerGroup(
            inventory,
            options.request,
            from: chain.source,
            configuration: .init(
                slots: options.stages?.slots ?? options.workers,
                prefetch: options.prefetch,
                end: options.end,
                grace: options.grace,
                timeout: options.timeout,
                idle: options.idle
            ),
            stop: options.stop,
            handler: handler,
            watcher: options.watcher
        )
        let reason = try await group.run().reason
        var report = handler.report
        report.reason = reason ?? .paused(reason: "it was asked to stop")
        return report
    }

    // MARK: - One batch

    /// Writes a batch, or says how that failed.
    func process(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        do {
            guard let gates else { return try await write(batch, progress) }
            let clock = inventory.configuration.clock
            return try await gates.run(
                batch,
                clock,
                progress,
                mayRepeat: batch.execution == .atLeastOnce,
                read: { try await read(batch, progress) },
                write: { try await write(batch, read: $0, progress) }
            )
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch let deferral as BatchDeferral {
            return .deferred(deferral)
        } catch {
            if Task.isCancelled { return .released() }
            return .failed(try await failure(of: batch, error))
        }
    }

    /// Reports to the caller of the chain how an attempt ended.
    func tell(_ report: BatchReport) throws {
        try options.onBatch?(report)
    }

    /// Reports to the caller of the chain what was given back before work began.
    func tellGivenBack(_ batches: [Batch]) { options.onGivenBack?(batches) }

    /// A failure; where items are to blame, these alone are quarantined.
    private func failure(of batch: Batch, _ error: any Error) async throws -> BatchFailure {
        let error = options.isOfFile ? FieldWords.error(error) : error
        var failure = BatchFailure(error)
        failure.isFinal = (error as? any CategorizedError)?.category == .permanent
        if let example = await example(of: error) { failure.message += ", \(example)" }
        guard let refused = await (error as? RecordsRefused)?.placed(by: source, supply) else {
            return failure
        }
        failure.message = "\(refused)"
        let early = Set(refused.failures.filter(\.mayBeEarly).map(\.id))
        // What is left of a batch when all others are done waits as any batch that failed.
        if !early.isEmpty, early.count == batch.count { return BatchFailure("\(refused)") }
        do {
            if let supply {
                return try await batch.failure(refused, reasons: refused.reasons(by: supply))
            }
            return try await batch.failure(refused, reasons: refused.reasons, early: early)
        } catch let unknown as TrancheError where unknown.code == .invalidArgument {
            // Records that a step made have ids of their own, which are no items'.
            return failure
        }
    }

    /// The first of the items that were more than may be refused, with the line it stands on.
    private func example(of error: any Error) async -> String? {
        guard let refused = (error as? TrancheError)?.underlying as? RecordsRefused else {
            return nil
        }
        let named: any Error = options.isOfFile ? FieldWords.error(refused) : refused
        let placed = await (named as? RecordsRefused)?.placed(by: source, supply)
        return placed?.failures.first.map { "such as \($0.id): \($0.message)" }
    }

    /// How often a batch is written within an attempt, as long as each pass finds out more.
    private static let mostPasses = 20

    /// Writes a batch's records.
    ///
    /// A sink that has to begin anew does so here, without the waits and limits of attempts.
    private func write(
        _ batch: Batch,
        read content: ReadBatch? = nil,
        _ progress: BatchProgress
    ) async throws -> BatchVerdict {
        var known: [Int64: [RefusedRecord]] = [:]
        for _ in 1..<Self.mostPasses {
            do {
                return try await write(batch, read: content, without: known, progress)
            } catch let again as SinkPassNeeded {
                try await again.prepare()
            } catch let refused as RecordsRefused where takesRejects {
                // What is refused here the sink could not leave out by itself.
                let news = refused.failures.compactMap { $0.news(beside: known[$0.id] ?? []) }
                if news.isEmpty || news.contains(where: \.mayBeEarly) { throw refused }
                for refusal in news { known[refusal.id, default: []].append(refusal) }
            }
        }
        do {
            return try await write(batch, read: content, without: known, progress)
        } catch let again as SinkPassNeeded {
            throw again.underlying
        }
    }

    /// Whether there is a file for what is refused.
    private var takesRejects: Bool { chain.attachments.contains { $0 is RejectFile } }

    private func write(
        _ batch: Batch,
        read content: ReadBatch?,
        without known: [Int64: [RefusedRecord]],
        _ progress: BatchProgress
    ) async throws -> BatchVerdict {
        guard let transactional else {
            let counters = try await sink.withWriter(
                for: batch.record,
                telling: options.onWait ?? options.onNotice
            ) {
                try await write(batch, read: content, to: $0, without: known, progress)
            }
            let text = try batch.jsonText(of: counters)
            return .succeeded(BatchSuccess(result: text, counters: counters))
        }
        let record = try await batch.succeed { transaction in
            let writer = try transactional.writer(for: batch.record, in: transaction)
            return try await write(batch, read: content, to: writer, without: known, progress)
        }
        let counters = try record.result.map { try JSONText.decode(Counters.self, from: $0) }
        return .recorded(BatchSuccess(result: record.result, counters: counters ?? Counters()))
    }

    private func write(
        _ batch: Batch,
        read content: ReadBatch?,
        to writer: any RecordWriter,
        without known: [Int64: [RefusedRecord]],
        _ progress: BatchProgress
    ) async throws -> Counters {
        let context = BatchContext(
            batch.record,
            sourceFields: fields,
            hasMoreAttempts: batch.execution == .atLeastOnce
                && batch.record.failures + 1 < options.request.policy.maxAttempts
        )
        context.parameters = options.parameters
        context.maxRejects = options.maxRejects
        context.isOfFile = options.isOfFile
        context.supply = supply
        context.source = source as? any LineCounting
        for attachment in chain.attachments { attachment.begin(context) }
        do {
            let source = try await reader(of: batch, read: content, context, progress)
            let records = try chain.open(context, source)
            while let chunk = try await records.next() {
                progress.report()
                let taken = try leavingOut(known, of: chunk, context)
                if !taken.isEmpty { try await writer.write(taken) }
                context.counters.add(taken.count, to: CounterName.written)
                try refuse(writer.takeRefused(), among: taken, context)
                try await flush(context)
            }
            try context.requireNoFaults()
            try await flush(context)
            context.counters.add(0, to: CounterName.written)
            let counters = try await writer.finish()
            try refuse(writer.takeRefused(), among: [], context)
            try context.requireNoFaults()
            try await flush(context)
            for attachment in chain.attachments { try await attachment.finish(context) }
            context.counters.merge(counters)
            return context.counters
        } catch {
            await writer.abandon()
            for attachment in chain.attachments { await attachment.abandon(context) }
            throw error
        }
    }

    /// The records of a chunk that are not known to be refused.
    private func leavingOut(
        _ known: [Int64: [RefusedRecord]],
        of chunk: [Record],
        _ context: BatchContext
    ) throws -> [Record] {
        if known.isEmpty { return chunk }
        var taken: [Record] = []
        for record in chunk {
            guard var refusal = known[record.id]?.first(where: { $0.isMeant(record) }) else {
                taken.append(record)
                continue
            }
            refusal.record = record
            try context.reject(refusal)
        }
        return taken
    }

    /// Notes which records the sink has not taken.
    private func refuse(
        _ refusals: [RefusedRecord],
        among records: [Record],
        _ context: BatchContext
    ) throws {
        for var refusal in refusals {
            if refusal.record == nil {
                refusal.record = records.first { $0.id == refusal.id }
            }
            context.counters.add(-1, to: CounterName.written)
            try context.reject(refusal)
        }
    }

    /// Writes what has come together beside the records so far.
    func flush(_ context: BatchContext) async throws {
        for attachment in chain.attachments { try await attachment.flush(context) }
    }
}

extension RefusedRecord {
    /// Whether a record of its item is the one that it refuses, or it does not say which it is.
    ///
    /// A sink may have a part of the record's fields alone, and in each pass the records are made
    /// anew: it is the values that tell.
    fileprivate func isMeant(_ other: Record) -> Bool {
        guard let record else { return true }
        return record.fields.names.allSatisfy { name in
            guard let value = other[name], let refused = record[name] else { return true }
            return value.isSame(as: refused)
        }
    }

    /// What it says beside what is known of its item: of a record that is refused though it was to
    /// be left out, that all of the item's are; `nil` where that is known.
    fileprivate func news(beside known: [RefusedRecord]) -> RefusedRecord? {
        guard let record, !known.isEmpty else { return known.isEmpty ? self : ofItem(known) }
        return known.contains { $0.isMeant(record) } ? ofItem(known) : self
    }

    private func ofItem(_ known: [RefusedRecord]) -> RefusedRecord? {
        if known.contains(where: { $0.record == nil }) { return nil }
        var refusal = self
        refusal.record = nil
        return refusal
    }
}

extension Value {
    /// Whether another is the same to the last bit, as it is where a record is made anew.
    ///
    /// A NaN equals none, and texts are equal whose characters are made up otherwise.
    fileprivate func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.real(let own), .real(let other)):
            own.bitPattern == other.bitPattern || own.isNaN && other.isNaN
        case (.text(let own), .text(let other)): own.hasBytes(of: other)
        default: self == other
        }
    }
}

extension RecordsRefused {
    /// The same with the lines on which the records stand, as far as they are known.
    fileprivate func placed(
        by source: any MetaSource,
        _ supply: (any RecordSupply)?
    ) async -> RecordsRefused {
        let ids = failures.map(\.id)
        let lines: [Int64: RecordLine] =
            if let supply {
                await supply.lines(of: ids)
            } else {
                await (source as? any LineCounting)?.knownLines(of: ids) ?? [:]
            }
        var placed = self
        // The line is that of the item's first record; what others say alike stays alike.
        var told: [Int64: (given: String, placed: String)] = [:]
        for index in placed.failures.indices {
            let (id, given) = (placed.failures[index].id, placed.failures[index].message)
            guard let line = lines[id] else { continue }
            let first = told[id] ?? (given: given, placed: "\(line.words): \(given)")
            told[id] = first
            if first.given == given { placed.failures[index].message = first.placed }
        }
        return placed
    }

    /// The items of a batch to blame, each with what is wrong with its first record.
    fileprivate func reasons(by supply: any RecordSupply) -> [Int64: String] {
        var reasons: [Int64: String] = [:]
        for failure in failures {
            let place = supply.place(of: failure.id)
            guard reasons[place.item] == nil else { continue }
            reasons[place.item] = place.words + failure.message
        }
        return reasons
    }
}
