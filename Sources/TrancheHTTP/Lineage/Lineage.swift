import Dispatch
import FoundationEssentials
import Synchronization
public import Tranche
import TrancheConnectors

/// Tells a collector of OpenLineage, or a file, which batches were worked on, of which items, and
/// how each attempt ended.
///
/// ```swift
/// let lineage = try Lineage(to: .file("lineage.jsonl"), .init(namespace: "shop"))
/// var configuration = Inventory.Configuration()
/// configuration.observers = [lineage.observer]
/// try await lineage.whileEmitting {
///     try await Inventory.with(.sqlite("inventory.db"), configuration: configuration) { inventory in
///         await lineage.identify(inventory)
///         try await work(inventory)
///     }
/// }
/// ```
///
/// The work never waits for it, and never fails by it. See <doc:LineageOfBatches>.
public final class Lineage: Sendable {
    /// Where events go.
    public let destination: LineageDestination
    private let configuration: Configuration
    private let book: Mutex<LineageBook>
    private let tally: Mutex<Tally>
    private let way: Way

    /// How events reach their destination.
    private enum Way: Sendable {
        case file(LineageFile)
        case sender(LineageSender)
    }

    private struct Tally {
        var delivered = 0
        var dropped = 0
        var isToldOf: Set<String> = []
    }

    /// How events are made and sent.
    public struct Configuration: Sendable {
        /// The name space of jobs; `default` by default, as in other clients.
        public var namespace: String
        /// The program's version, in the events; `unknown` by default.
        public var version = "unknown"
        /// The run of which this program is a part, such as a scheduler's; `nil` by default.
        public var root: LineageParent?
        /// Most events that wait to be sent to an address; 10,000 by default, at least 1.
        ///
        /// Each takes about 1 KB. Further ones are dropped, and counted.
        public var eventLimit = 10_000
        /// How long an address may take to be reached, and then for an answer; 10 s by default.
        public var timeout = Duration.seconds(10)
        /// How long ``Lineage/whileEmitting(_:)`` waits at its end for what is not sent yet; 5 s by
        /// default.
        public var flushLimit = Duration.seconds(5)
        /// Is told, once each, that events cannot be sent or are refused, and how many were lost in
        /// the end; nobody by default.
        public var note: @Sendable (String) -> Void = { _ in }
        /// Waits.
        public var clock: any Clock<Duration> = ContinuousClock()
        /// Numbers from 0 up to 1, for jitter.
        public var noise: @Sendable () -> Double = { .random(in: 0..<1) }

        /// Makes a configuration.
        public init(namespace: String = "default") {
            self.namespace = namespace
        }
    }

    /// How many events there were.
    public struct Counts: Sendable, Hashable {
        /// Events that were written, or taken by the address.
        public var delivered: Int
        /// Events that were given up: too many waited, or the destination does not take them.
        public var dropped: Int
    }

    /// Makes it of a destination; a file is opened, an address is not looked at.
    ///
    /// - Parameters:
    ///   - destination: Where events go.
    ///   - configuration: How.
    /// - Throws: `TrancheError` `.invalidArgument` for a file that cannot be written to, and where
    ///   libcrypto is not there.
    public init(
        to destination: LineageDestination,
        _ configuration: Configuration = Configuration()
    ) throws {
        // The ids of runs are digests.
        try Driver.libcrypto.open()
        self.destination = destination
        self.configuration = configuration
        let names = LineageNames(
            namespace: configuration.namespace,
            version: configuration.version,
            root: configuration.root
        )
        book = Mutex(LineageBook(names))
        tally = Mutex(Tally())
        switch destination.place {
        case .file(let path): way = .file(try LineageFile(path))
        case .address(let url, let bearer):
            way = .sender(LineageSender(url, bearer: bearer, configuration))
        }
    }

    /// What an inventory is observed by.
    public var observer: any InventoryObserver { Observer(lineage: self) }

    /// How many events there were so far.
    public var counts: Counts {
        tally.withLock { Counts(delivered: $0.delivered, dropped: $0.dropped) }
    }

    /// Finds out what identifies the inventory, so that all processes name its runs alike.
    ///
    /// One that cannot be asked is known by its name.
    public func identify(_ inventory: Inventory) async {
        do {
            let known = try await LineageInventory(inventory)
            book.withLock { $0.inventory = known }
        } catch {
            // The work finds out what is wrong with the inventory, and says it.
        }
    }

    /// The attempt at a batch as the parent of what works on it, for `OPENLINEAGE_PARENT_ID`.
    ///
    /// - Parameter batch: The batch.
    /// - Returns: The run under which events tell of the attempt.
    public func parent(of batch: Batch) -> LineageParent {
        let name = batch.inventory.store.name
        let inventory = book.withLock { $0.inventory } ?? LineageInventory(named: name)
        return LineageParent(
            namespace: configuration.namespace,
            job: LineageNames.batchJob(of: batch.record.key.job),
            run: LineageRunID.attempt(batch.record, of: inventory.identity)
        )
    }

    /// Runs a body, and sends meanwhile what is to be told; then waits a while for the rest.
    ///
    /// Attempts that have not ended when the body returns are told of as aborted: the inventory is
    /// to be closed by then.
    ///
    /// - Parameter body: What works with the inventory.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func whileEmitting<Success: Sendable>(
        _ body: () async throws -> Success
    ) async throws -> Success {
        let result: Result<Success, any Error>
        switch way {
        case .file:
            result = await Result { try await body() }
            await withCheckedContinuation { continuation in
                // Writing may block.
                DispatchQueue(label: "tranche.lineage").async {
                    self.endAll()
                    continuation.resume()
                }
            }
        case .sender(let sender):
            result = await withTaskGroup(of: Void.self) { group in
                group.addTask { await sender.run { self.note($0, $1) } }
                let result = await Result { try await body() }
                endAll()
                sender.queue.close()
                if !Task.isCancelled { await wait(for: &group) }
                group.cancelAll()
                return result
            }
            if Task.isCancelled { await flush(sender) }
            sender.close()
        }
        report()
        return try result.get()
    }

    /// Waits until the sender has ended, for some time at most.
    private func wait(for group: inout TaskGroup<Void>) async {
        let (clock, limit) = (configuration.clock, configuration.flushLimit)
        // Cut short where all is sent.
        group.addTask { try? await clock.sleep(for: limit) }
        await group.next()
    }

    /// Sends what is left in a task that is not cancelled.
    private func flush(_ sender: LineageSender) async {
        await Task {
            await configuration.clock.limit(to: configuration.flushLimit) {
                await sender.run { self.note($0, $1) }
            }
        }.value
    }

    // MARK: - Events

    fileprivate func observe(_ events: [InventoryEvent]) {
        var room = room
        let told = book.withLock { book in
            events.compactMap { event -> Told? in
                guard let told = book.note(event, hasRoom: room > 0), let batch = event.batch else {
                    return nil
                }
                room -= 1
                return Told(event: told, batch: batch)
            }
        }
        let taken = send(told.map(\.event))
        guard taken < told.count else { return }
        book.withLock { book in
            for lost in told[taken...] { book.forget(lost.event, lost.batch) }
        }
    }

    /// An event, and the batch that it tells of.
    private struct Told {
        let event: LineageEvent
        let batch: BatchRecord
    }

    /// How many events may come.
    private var room: Int {
        switch way {
        case .file: .max
        case .sender(let sender): sender.queue.room
        }
    }

    private func endAll() {
        let now = Date()
        _ = send(book.withLock { $0.end(at: now) })
    }

    /// Writes events, or has them sent.
    ///
    /// - Returns: How many of them, the first ones, were not dropped.
    private func send(_ events: [LineageEvent]) -> Int {
        let taken: Int
        switch way {
        case .file(let file):
            taken = write(events, to: file)
            tally.withLock { $0.delivered += taken }
        case .sender(let sender): taken = sender.queue.add(events)
        }
        if taken < events.count { tally.withLock { $0.dropped += events.count - taken } }
        return taken
    }

    /// Writes events in few pieces, of whole lines.
    ///
    /// - Returns: How many of them, the first ones, were written.
    private func write(_ events: [LineageEvent], to file: LineageFile) -> Int {
        var (written, lines): (Int, [UInt8]) = (0, [])
        for (place, event) in events.enumerated() {
            event.append(to: &lines)
            lines.append(UInt8(ascii: "\n"))
            guard lines.count >= Self.piece || place == events.count - 1 else { continue }
            do {
                try file.write(lines)
            } catch {
                noteOnce(
                    "lineage cannot be written to '\(destination)', and the work goes on: \(error)"
                )
                return written
            }
            written = place + 1
            lines.removeAll(keepingCapacity: true)
        }
        return written
    }

    /// Bytes after which lines are written.
    private static let piece = 1 << 16

    private func note(_ outcome: LineageSender.Outcome, _ events: Int) {
        switch outcome {
        case .delivered: tally.withLock { $0.delivered += events }
        case .refused(let words):
            tally.withLock { $0.dropped += events }
            noteOnce("lineage is refused, and the work goes on: \(words)", "refused")
        case .unreachable(let words):
            noteOnce(
                "lineage cannot be sent, and the work goes on; it is tried again meanwhile: "
                    + words,
                "unreachable"
            )
        }
    }

    private func noteOnce(_ words: String, _ kind: String = "file") {
        let isNew = tally.withLock { $0.isToldOf.insert(kind).inserted }
        if isNew { configuration.note(redacted(words)) }
    }

    /// Says how many events were lost.
    private func report() {
        if case .sender(let sender) = way {
            tally.withLock { $0.dropped += sender.queue.count }
        }
        let missed = book.withLock { $0.missed }
        tally.withLock { $0.dropped += missed }
        let counts = counts
        guard counts.dropped > 0 else { return }
        let all = counts.delivered + counts.dropped
        configuration.note(
            "\(counts.dropped) of \(all) lineage events did not reach '\(destination)'; the "
                + "inventory has all that they tell"
        )
    }
}

/// What an inventory is observed by; the lineage lives as long as its inventory.
private struct Observer: InventoryObserver {
    let lineage: Lineage
    let wanted: Set<InventoryEvent.Name> = [.acquired, .succeeded, .failed, .released, .lost]

    /// Many events are written or queued at once: waking a thread for each costs more than making
    /// it.
    let delay = Duration.milliseconds(50)

    func observe(_ events: [InventoryEvent]) {
        lineage.observe(events)
    }

    func observe(_ event: InventoryEvent) {
        lineage.observe([event])
    }
}
