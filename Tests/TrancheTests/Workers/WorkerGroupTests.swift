import Synchronization
import Testing
import TrancheTestKit

@testable import Tranche

@Suite("A group of workers", .timeLimit(.minutes(10)))
struct WorkerGroupTests {
    /// Handlers that wait until they are let go.
    private final class Gate: BatchHandler {
        private let state = Mutex(State())
        let begun: AsyncStream<Int64>
        private let beginning: AsyncStream<Int64>.Continuation

        private struct State {
            var ends: [BatchEnd] = []
            var givenBack = 0
            var waiting: [Int64: AsyncStream<BatchVerdict>.Continuation] = [:]
        }

        init() { (begun, beginning) = AsyncStream.makeStream() }

        var ends: [BatchEnd] { state.withLock { $0.ends } }
        var givenBack: Int { state.withLock { $0.givenBack } }

        func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
            let (verdicts, verdict) = AsyncStream.makeStream(of: BatchVerdict.self)
            state.withLock { $0.waiting[batch.id] = verdict }
            beginning.yield(batch.id)
            for await verdict in verdicts { return verdict }
            return .released()
        }

        func end(_ id: Int64, _ verdict: BatchVerdict = .succeeded(BatchSuccess())) {
            _ = state.withLock { $0.waiting[id]?.yield(verdict) }
        }

        func ended(_ report: BatchReport) { state.withLock { $0.ends.append(report.end) } }

        func gaveBack(_ batches: [Batch], failure: (any Error)?) {
            state.withLock { $0.givenBack += batches.count }
        }
    }

    private func group(
        _ bench: Workbench,
        _ configuration: WorkerGroup.Configuration,
        stop: StopSource = StopSource(),
        _ handler: any BatchHandler
    ) -> WorkerGroup {
        WorkerGroup(
            bench.inventory,
            BatchRequest(job: "job", limit: BatchLimit(count: 1)),
            from: bench.source,
            configuration: configuration,
            stop: stop,
            handler: handler
        )
    }

    private func statuses(_ bench: Workbench) async throws -> [BatchStatus] {
        try await bench.store.base.batches(BatchSelection()).map(\.status).reversed()
    }

    @Test("Every batch is worked on once, and its end is reported when it is recorded")
    func all() async throws {
        let bench = Workbench(ids: 1...20)
        let handler = Gate()
        let group = group(
            bench,
            .init(slots: 3, prefetch: 1, end: .whenNothingIsReady),
            handler
        )
        async let report = group.run()
        // Of several workers, who has the last batch need not be the last to begin.
        for await id in handler.begun.prefix(20) { handler.end(id) }
        #expect(try await report.succeeded == 20)
        #expect(handler.ends.count == 20)
        #expect(try await statuses(bench) == Array(repeating: .succeeded, count: 20))
    }

    @Test("A closure's value is the result; one that throws fails its batch, and the next follows")
    func closures() async throws {
        let bench = Workbench(ids: 1...3)
        let handler = ClosureHandler { batch, _ in
            if batch.id == 2 { throw WorkError(description: "no luck") }
            return ["batch": batch.id]
        }
        let group = WorkerGroup(
            bench.inventory,
            BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(maxAttempts: 1, onExhausted: .fail)
            ),
            from: bench.source,
            handler: handler
        )
        let report = try await group.run()
        #expect(report.succeeded == 2)
        #expect(report.failed == 1)
        let batches = try await bench.store.base.batches(BatchSelection())
        #expect(batches.map(\.result) == [#"{"batch":3}"#, nil, #"{"batch":1}"#])
        #expect(batches[1].logging == "no luck")
    }

    // group                              caller
    // works on 1, holds 2 and 3 ahead
    //                                    stops
    // gives 2 and 3 back
    // finishes 1, and ends
    @Test("After a stop what is held ahead is given back at once, and what is in hand is finished")
    func stop() async throws {
        let bench = Workbench(ids: 1...9)
        let handler = Gate()
        let group = group(bench, .init(prefetch: 2), handler)
        async let report = group.run()
        for await _ in handler.begun { break }
        while try await statuses(bench).count < 3 { await Task.yield() }
        group.stop.advance(to: .stopping)
        while handler.givenBack < 2 { await Task.yield() }
        #expect(try await statuses(bench) == [.running, .released, .released])
        handler.end(1)
        #expect(try await report.succeeded == 1)
        #expect(try await report.reason == nil)
        #expect(try await statuses(bench) == [.succeeded, .released, .released])
    }

    /// A store that holds acquires up from when it is told to until they are let go.
    private final class HoldingStore: ForwardingStore {
        let base: any InventoryStore
        private let isHolding = Mutex(false)
        let held: AsyncStream<Void>
        private let beganHolding: AsyncStream<Void>.Continuation
        private let gate: AsyncStream<Void>
        private let opening: AsyncStream<Void>.Continuation

        init(_ base: any InventoryStore) {
            self.base = base
            (held, beganHolding) = AsyncStream.makeStream()
            (gate, opening) = AsyncStream.makeStream()
        }

        func hold() { isHolding.withLock { $0 = true } }

        func letGo() {
            isHolding.withLock { $0 = false }
            opening.finish()
        }

        func forward<R>(
            _ request: StoreRequest,
            _ body: () async throws -> R
        ) async throws -> R {
            if request == .acquire, isHolding.withLock({ $0 }) {
                beganHolding.yield()
                for await _ in gate {}
            }
            return try await body()
        }
    }

    // worker 1          worker 2              caller
    // works on 1        asks, is given 2
    //                                         wants one worker alone
    //                   hears of 2
    //                   gives it back, ends
    @Test("What was handed out when no more is wanted is given back, and told")
    func givenBackBeforeWork() async throws {
        let bench = Workbench(ids: 1...2)
        let store = HoldingStore(bench.store)
        let inventory = Inventory(store: store, configuration: bench.inventory.configuration)
        let handler = Gate()
        let group = WorkerGroup(
            inventory,
            BatchRequest(job: "job", limit: BatchLimit(count: 1)),
            from: bench.source,
            configuration: .init(end: .whenNothingIsReady),
            stop: StopSource(),
            handler: handler
        )
        async let report = group.run()
        var begun = handler.begun.makeAsyncIterator()
        #expect(await begun.next() == 1)
        store.hold()
        try group.setSlots(2)
        for await _ in store.held { break }
        try group.setSlots(1)
        store.letGo()
        while handler.givenBack < 1 { await Task.yield() }
        #expect(try await statuses(bench) == [.running, .released])
        handler.end(1)
        #expect(await begun.next() == 2)
        handler.end(2)
        #expect(try await report.succeeded == 2)
        #expect(handler.givenBack == 1)
    }

    @Test("When the grace is over, what is in hand is cancelled and given back")
    func grace() async throws {
        let bench = Workbench(ids: 1...9)
        let handler = Gate()
        let group = group(bench, .init(grace: .seconds(7)), handler)
        async let report = group.run()
        for await _ in handler.begun { break }
        group.stop.advance(to: .stopping)
        // A heartbeat and the grace.
        try await bench.clock.waitForSleepers(2)
        bench.clock.advance(by: .seconds(7))
        #expect(try await report == ProcessReport())
        #expect(handler.ends == [.released])
        #expect(try await statuses(bench) == [.released])
    }

    @Test("A cancelled group gives back what is in hand, and throws")
    func cancel() async throws {
        let bench = Workbench(ids: 1...9)
        let handler = Gate()
        let group = group(bench, .init(slots: 2, prefetch: 1), handler)
        let task = Task { try await group.run() }
        var begun = 0
        for await _ in handler.begun {
            begun += 1
            if begun == 2 { break }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await statuses(bench).allSatisfy { $0 == .released })
    }

    @Test("Slots may become more and fewer while the group works")
    func slots() async throws {
        let bench = Workbench(ids: 1...6)
        let handler = Gate()
        let group = group(bench, .init(end: .whenNothingIsReady), handler)
        async let report = group.run()
        var begun = handler.begun.makeAsyncIterator()
        #expect(await begun.next() == 1)
        try group.setSlots(3)
        let more = [await begun.next(), await begun.next()]
        #expect(Set(more) == [2, 3])
        try group.setSlots(1)
        for id in [2, 3] as [Int64] { handler.end(id) }
        while handler.ends.count < 2 { await Task.yield() }
        handler.end(1)
        for id in [4, 5, 6] as [Int64] {
            #expect(await begun.next() == id)
            handler.end(id)
        }
        #expect(try await report.succeeded == 6)
        #expect(throws: TrancheError.self) { try group.setSlots(0) }
    }

    @Test("A paused group begins nothing until it is resumed")
    func pause() async throws {
        let bench = Workbench(ids: 1...2)
        let handler = Gate()
        let group = group(bench, .init(), handler)
        group.pause()
        async let report = group.run()
        for _ in 0..<100 { await Task.yield() }
        #expect(try await statuses(bench).isEmpty)
        group.resume()
        for await id in handler.begun.prefix(2) { handler.end(id) }
        #expect(try await report.succeeded == 2)
    }

    /// Is behind from the end of the first batch on, until it is told otherwise.
    private final class SlowReader: WorkWatcher {
        private let reads = Mutex(true)
        private let asked = AsyncStream.makeStream(of: Void.self)
        private let reading = AsyncStream.makeStream(of: Void.self)

        var isBehind: Bool { reads.withLock { !$0 } }

        func finished(_ batch: Batch) {
            if batch.id == 1 { reads.withLock { $0 = false } }
        }

        func caughtUp() async {
            asked.continuation.finish()
            for await _ in reading.stream {}
        }

        /// Returns once somebody waits.
        func isWaitedFor() async { for await _ in asked.stream {} }

        func read() {
            reads.withLock { $0 = true }
            reading.continuation.finish()
        }
    }

    @Test(
        "While who watches is behind, all that was done is recorded, and nothing is held",
        arguments: [0, 2],
        [true, false]
    )
    func behind(prefetch: Int, isStopped: Bool) async throws {
        let bench = Workbench(ids: 1...4)
        let reader = SlowReader()
        let group = WorkerGroup(
            bench.inventory,
            BatchRequest(job: "job", limit: BatchLimit(count: 1)),
            from: bench.source,
            configuration: .init(prefetch: prefetch),
            handler: ClosureHandler { batch, _ in batch.id },
            watcher: reader
        )
        async let report = group.run()
        await reader.isWaitedFor()
        let ended = try await statuses(bench)
        #expect((1...(1 + prefetch)).contains(ended.count))
        #expect(ended.allSatisfy { $0 == .succeeded })
        if isStopped {
            group.stop.advance(to: .stopping)
            #expect(try await report.succeeded == ended.count)
            #expect(try await statuses(bench) == ended)
        } else {
            reader.read()
            #expect(try await report.succeeded == 4)
        }
    }

    @Test("A handler whose time is up is cancelled, and its batch fails")
    func timeout() async throws {
        let bench = Workbench(ids: 1...1)
        let handler = Gate()
        let group = group(bench, .init(limit: 1, timeout: .fixed(.seconds(100))), handler)
        async let report = group.run()
        for await _ in handler.begun { break }
        try await bench.clock.waitForSleepers(2)
        for _ in 0..<5 {
            bench.clock.advance(by: .seconds(20))
            try await bench.clock.waitForSleepers(1)
        }
        #expect(try await report.failed == 1)
        let batch = try #require(try await bench.store.base.batches(BatchSelection()).first)
        #expect(batch.status == .failed)
        #expect(batch.logging == "timed out after 100 s")
        #expect(handler.ends.first?.failure?.code == .timedOut)
        #expect(handler.ends.first?.failure?.isTransient == false)
    }

    // group                        caller
    // works on 1, and hears nothing
    //                              its time is over, then the grace, then the lease
    //                              takes 1 again
    // ends 1, which it has lost
    @Test("A handler that ignores its cancellation loses its batch, which is handed out again")
    func deaf() async throws {
        let bench = Workbench(ids: 1...1)
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let (cancelled, cancelling) = AsyncStream.makeStream(of: Void.self)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let handler = ClosureHandler { _, _ in
            beginning.finish()
            await withTaskCancellationHandler {
                // A task of its own does not hear of it.
                await Task { for await _ in ends {} }.value
            } onCancel: {
                cancelling.finish()
            }
        }
        let bound = TimeBound.fixed(.seconds(100))
        let group = group(bench, .init(limit: 1, timeout: bound), handler)
        async let report = group.run()
        for await _ in begun {}
        // The heartbeat, at every third of the lease, and the bound.
        for _ in 0..<5 {
            try await bench.clock.waitForSleepers(2)
            bench.clock.advance(by: .seconds(20))
        }
        for await _ in cancelled {}
        // The last heartbeat that is sent may be that at the end of its time.
        for _ in 0..<3 {
            try await bench.clock.waitForSleepers(1)
            #expect(try await bench.inventory.acquireBatch(from: bench.source, job: "job") == nil)
            bench.clock.advance(by: .seconds(20))
        }
        bench.clock.advance(by: .seconds(1))
        let again = try await bench.take()
        #expect(again.id == 1 && again.attempt == 2)
        end.finish()
        #expect(try await report.lost == 1)
        #expect(try await bench.record(again).status == .running)
    }

    @Test("Time may grow with a batch's weight")
    func weighed() {
        let bound = TimeBound.perWeight(.milliseconds(20), least: .seconds(3))
        #expect(bound.time(for: 100) == .seconds(5))
        #expect(bound.time(for: 0) == .seconds(3))
        #expect(bound.time(for: .infinity) == .seconds(100 * 365 * 86_400))
        #expect(TimeBound.fixed(.seconds(3)).time(for: 100) == .seconds(3))
    }

    @Test("Progress, and others' heartbeats, keep a batch from being idle")
    func idle() async throws {
        let bench = Workbench(ids: 1...1)
        let progress = Mutex<BatchProgress?>(nil)
        let (begun, beginning) = AsyncStream.makeStream(of: Batch.self)
        let handler = ClosureHandler { batch, own in
            progress.withLock { $0 = own }
            beginning.yield(batch)
            try await bench.clock.sleep(for: .seconds(100_000))
        }
        let group = group(bench, .init(limit: 1, idle: .seconds(50)), handler)
        async let report = group.run()
        var batches = begun.makeAsyncIterator()
        let batch = try #require(await batches.next())
        func pass(_ seconds: Int) async throws {
            for _ in 0..<seconds {
                try await bench.clock.waitForSleepers(3)
                bench.clock.advance(by: .seconds(1))
            }
            try await bench.clock.waitForSleepers(3)
        }
        try await pass(40)
        progress.withLock { $0?.report() }
        // Not when this process's own is due: both would say the same.
        try await pass(41)
        _ = try await bench.store.base.heartbeat(batch.holding)
        try await pass(45)
        #expect(try await bench.record(batch).status == .running)
        bench.clock.advance(by: .seconds(30))
        #expect(try await report.failed == 1)
        #expect(try await bench.record(batch).logging == "timed out after 50 s without progress")
    }

    @Test(
        "While a batch only waits, neither its time nor its idleness passes",
        arguments: [(TimeBound.fixed(.seconds(50)), nil), (nil, Duration.seconds(50))]
            as [(TimeBound?, Duration?)]
    )
    func waiting(_ timeout: TimeBound?, _ idle: Duration?) async throws {
        let bench = Workbench(ids: 1...1)
        let (waits, wait) = AsyncStream.makeStream(of: Void.self)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let handler = ClosureHandler { _, progress in
            await progress.whileWaiting {
                wait.finish()
                for await _ in ends {}
            }
            try await bench.clock.sleep(for: .seconds(100_000))
        }
        let group = group(bench, .init(limit: 1, timeout: timeout, idle: idle), handler)
        async let report = group.run()
        for await _ in waits {}
        // The heartbeat, and the bound where it began before the wait.
        for _ in 0..<20 {
            try await bench.clock.waitForSleepers(1)
            bench.clock.advance(by: .seconds(10))
        }
        end.finish()
        // These, and the handler.
        for _ in 0..<4 {
            try await bench.clock.waitForSleepers(3)
            bench.clock.advance(by: .seconds(10))
        }
        try await bench.clock.waitForSleepers(3)
        #expect(try await bench.inventory.batch(1).status == .running)
        bench.clock.advance(by: .seconds(10))
        #expect(try await report.failed == 1)
        #expect(try await bench.inventory.batch(1).logging?.hasPrefix("timed out") == true)
    }

    @Test("What no batch is to blame for ends the group, once the others have ended theirs")
    func failure() async throws {
        struct Breaking: BatchHandler {
            let gate: Gate
            func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
                guard batch.id == 1 else { return try await gate.handle(batch, progress) }
                for await _ in gate.begun { break }
                throw WorkError(description: "no program")
            }
        }
        let bench = Workbench(ids: 1...9)
        let gate = Gate()
        let group = group(bench, .init(slots: 2), Breaking(gate: gate))
        let task = Task { try await group.run() }
        while try await statuses(bench).first != .released { await Task.yield() }
        gate.end(2)
        await #expect(throws: WorkError.self) { try await task.value }
        #expect(try await statuses(bench) == [.released, .succeeded])
    }
}
