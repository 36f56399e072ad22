import Synchronization
import Testing
import TrancheTestKit

@testable import MicroBatching

@Suite("Requests in batches", .timeLimit(.minutes(10)))
struct MicroBatcherTests {
    struct Broken: Error, Equatable {}

    /// A number that several count.
    final class Count: Sendable {
        private let number = Atomic(0)

        var value: Int { number.load(ordering: .relaxed) }

        func add() { number.add(1, ordering: .relaxed) }
    }

    /// What the batch function was given, and a gate before it returns.
    final class Remote: Sendable {
        private let state = Mutex<(batches: [[Int]], cancelled: Int)>(([], 0))
        private let gate: AsyncStream<Void>?
        let begun: AsyncStream<Int>
        private let begin: AsyncStream<Int>.Continuation

        init(gate: AsyncStream<Void>? = nil) {
            self.gate = gate
            (begun, begin) = AsyncStream.makeStream(of: Int.self)
        }

        var batches: [[Int]] { state.withLock { $0.batches } }
        var cancelled: Int { state.withLock { $0.cancelled } }

        func squares(_ numbers: [Int]) async throws -> [Int] {
            state.withLock { $0.batches.append(numbers) }
            begin.yield(numbers.count)
            if let gate {
                for await _ in gate { break }
                if Task.isCancelled {
                    state.withLock { $0.cancelled += 1 }
                    throw CancellationError()
                }
            }
            return numbers.map { $0 * $0 }
        }
    }

    private func batcher(
        _ configuration: MicroBatcherConfiguration,
        clock: ManualClock = ManualClock(),
        _ remote: Remote
    ) -> MicroBatcher<Int, Int> {
        MicroBatcher(configuration, clock: clock, ordered: remote.squares)
    }

    @Test("A request of a task that is cancelled already is not sent", arguments: [1, 10])
    func cancelledBefore(size: Int) async throws {
        let remote = Remote()
        let batcher = batcher(MicroBatcherConfiguration(size: size), remote)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await batcher.execute(3)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        await batcher.shutdown()
        #expect(remote.batches.isEmpty)
    }

    @Test("A batch of one that fails is counted as failed")
    func countsFailureOfOne() async throws {
        let batcher = MicroBatcher<Int, Int>(
            MicroBatcherConfiguration(size: 1),
            clock: ManualClock(),
            ordered: { _ in throw Broken() }
        )
        await #expect(throws: Broken.self) { try await batcher.execute(3) }
        #expect(batcher.metrics.failedBatches == 1)
        await batcher.shutdown()
    }

    @Test("Each caller gets its own result")
    func ownResults() async throws {
        let remote = Remote()
        let batcher = batcher(MicroBatcherConfiguration(size: 10), remote)
        let results = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for number in 1...100 {
                group.addTask { (number, try await batcher.execute(number)) }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
        }
        #expect(results == Dictionary(uniqueKeysWithValues: (1...100).map { ($0, $0 * $0) }))
        #expect(remote.batches.allSatisfy { $0.count == 10 })
        #expect(batcher.metrics.batches == 10)
        #expect(batcher.metrics.sizes == [0, 0, 0, 10])
    }

    @Test("A batch that is not full is sent when its time has come")
    func timeout() async throws {
        let remote = Remote()
        let clock = ManualClock()
        let batcher = batcher(
            MicroBatcherConfiguration(size: 10, timeout: .seconds(5)),
            clock: clock,
            remote
        )
        let first = batcher.submit(3)
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(4))
        let second = batcher.submit(4)
        #expect(first.result == nil)
        #expect("\(first)" == "pending")
        clock.advance(by: .seconds(1))
        let values = try await [first.value, second.value]
        #expect(values == [9, 16])
        #expect("\(first)" == "resolved: 9")
        #expect(remote.batches == [[3, 4]])
    }

    @Test("Results are matched by their ids, in whatever order they come")
    func correlates() async throws {
        struct Answer: Sendable {
            var id: Int
            var text: String
        }
        let batcher = MicroBatcher<Int, Answer>(
            MicroBatcherConfiguration(),
            id: { $0 },
            resultID: \.id
        ) { ids in
            // The order is turned round, one is left out, one is there twice, one belongs to
            // nobody.
            ids.reversed().filter { $0 != 2 }.map { Answer(id: $0, text: "a\($0)") }
                + [Answer(id: 3, text: "again"), Answer(id: 99, text: "whose?")]
        }
        let futures = [1, 2, 3, 3].map { batcher.submit($0) }
        await batcher.flush()
        #expect(try await futures[0].value.text == "a1")
        #expect(try await futures[2].value.text == "a3")
        await #expect(throws: MicroBatcherError.noResult(id: "2")) { try await futures[1].value }
        await #expect(throws: MicroBatcherError.duplicateID(id: "3")) { try await futures[3].value }
        #expect(batcher.metrics.uncorrelated == 2)
    }

    @Test("An error of the function is that of all its requests; others are not touched")
    func failures() async throws {
        let batcher = MicroBatcher<Int, Int>(
            MicroBatcherConfiguration(size: 2),
            ordered: { numbers in
                if numbers.contains(3) { throw Broken() }
                return numbers
            }
        )
        let futures = [1, 2, 3, 4].map { batcher.submit($0) }
        #expect(try await futures[0].value == 1)
        #expect(try await futures[1].value == 2)
        await #expect(throws: Broken.self) { try await futures[2].value }
        await #expect(throws: Broken.self) { try await futures[3].value }
        #expect(batcher.metrics.failedBatches == 1)
    }

    @Test("A request may fail alone")
    func failsAlone() async throws {
        let byPlace = MicroBatcher<Int, Int>(
            MicroBatcherConfiguration(size: 3),
            outcomes: { numbers in
                numbers.dropLast().map { $0 == 1 ? .failure(Broken()) : .success($0) }
            }
        )
        let first = [1, 2, 3].map { byPlace.submit($0) }
        await #expect(throws: Broken.self) { try await first[0].value }
        #expect(try await first[1].value == 2)
        await #expect(throws: MicroBatcherError.noResult(id: "number 3")) {
            try await first[2].value
        }
        let byKey = MicroBatcher<Int, Int>(
            MicroBatcherConfiguration(size: 2),
            id: { $0 },
            keyed: { _ in [1: .failure(Broken()), 5: .success(5)] }
        )
        let second = [1, 2].map { byKey.submit($0) }
        await #expect(throws: Broken.self) { try await second[0].value }
        await #expect(throws: MicroBatcherError.noResult(id: "2")) { try await second[1].value }
        #expect(byKey.metrics.uncorrelated == 1)
    }

    @Test("A failed batch is tried again as often as it may, after the waits that it is told")
    func retries() async throws {
        let tries = Mutex(0)
        let clock = ManualClock()
        var configuration = MicroBatcherConfiguration(size: 1)
        configuration.retry = { error, count in
            error is Broken && count < 3 ? .seconds(count) : nil
        }
        let batcher = MicroBatcher<Int, Int>(
            configuration,
            clock: clock,
            ordered: { numbers in
                let count = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                if count < 3 { throw Broken() }
                return numbers
            }
        )
        let future = batcher.submit(7)
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        try await clock.waitForSleepers(1)
        #expect(future.result == nil)
        clock.advance(by: .seconds(2))
        #expect(try await future.value == 7)
        #expect(batcher.metrics.retries == 2)
        #expect(batcher.metrics.batches == 1)
    }

    @Test("A cancelled caller stops waiting, and what it asked for is not sent any more")
    func cancelsQueued() async throws {
        let remote = Remote()
        let batcher = batcher(MicroBatcherConfiguration(), remote)
        let kept = batcher.submit(1)
        await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await batcher.execute(2) }
            while batcher.metrics.queued < 2 { await Task.yield() }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(batcher.metrics.cancelled == 1)
        await batcher.flush()
        #expect(try await kept.value == 1)
        #expect(remote.batches == [[1]])
        #expect(batcher.metrics.cancelled == 1)
        #expect(batcher.metrics.requests == 2)
    }

    @Test("A caller that was cancelled before it asked sends nothing")
    func cancelledBefore() async throws {
        let remote = Remote()
        let batcher = batcher(MicroBatcherConfiguration(size: 2), remote)
        await withThrowingTaskGroup(of: Int.self) { group in
            group.cancelAll()
            group.addTask { try await batcher.execute(2) }
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        await batcher.shutdown()
        #expect(remote.batches.isEmpty)
    }

    @Test(
        "A function that nobody waits for is cancelled, where that is wanted",
        arguments: [true, false]
    )
    func cancelsUnwanted(isWanted: Bool) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let remote = Remote(gate: gate)
        var configuration = MicroBatcherConfiguration(size: 2)
        configuration.cancelsUnwanted = isWanted
        let batcher = batcher(configuration, remote)
        await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...2 { group.addTask { try await batcher.execute(number) } }
            for await _ in remote.begun { break }
            group.cancelAll()
            for _ in 1...2 {
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
        if !isWanted { opening.yield() }
        await batcher.shutdown()
        #expect(remote.cancelled == (isWanted ? 1 : 0))
    }

    @Test("A result that nobody waits for any more is given back, where it must not be lost")
    func givesBack() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let remote = Remote(gate: gate)
        let returned = Mutex<[Int]>([])
        let batcher = MicroBatcher<Int, Int>(
            MicroBatcherConfiguration(size: 2),
            ordered: remote.squares,
            onUndelivered: { value in returned.withLock { $0.append(value) } }
        )
        let kept = batcher.submit(3)
        await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await batcher.execute(4) }
            for await _ in remote.begun { break }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        opening.yield()
        await batcher.shutdown()
        let value = try await kept.value
        #expect(value == 9)
        #expect(returned.withLock { $0 } == [16])
    }

    @Test("A full queue suspends callers, and what is submitted is refused")
    func backPressure() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let remote = Remote(gate: gate)
        var configuration = MicroBatcherConfiguration(size: 1)
        configuration.maxInFlight = 1
        configuration.maxQueued = 1
        let batcher = batcher(configuration, remote)
        let first = batcher.submit(1)
        for await _ in remote.begun { break }
        let second = batcher.submit(2)
        let refused = batcher.submit(3)
        await #expect(throws: MicroBatcherError.queueFull) { try await refused.value }
        async let third = batcher.execute(4)
        while batcher.metrics.waitingForRoom < 1 { await Task.yield() }
        #expect(batcher.metrics.queued == 1)
        for _ in 1...3 { opening.yield() }
        let values = try await [first.value, second.value, third]
        #expect(values == [1, 4, 16])
        #expect(remote.batches == [[1], [2], [4]])
    }

    @Test("A shutdown sends the last batch, waits for it, and ends the taking")
    func shutdown() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let remote = Remote(gate: gate)
        let batcher = batcher(MicroBatcherConfiguration(size: 10), remote)
        let future = batcher.submit(5)
        let ended = Count()
        await withTaskGroup(of: Void.self) { group in
            for _ in 1...3 {
                group.addTask {
                    await batcher.shutdown()
                    ended.add()
                }
            }
            for await _ in remote.begun { break }
            #expect(ended.value == 0)
            let late = batcher.submit(6)
            await #expect(throws: MicroBatcherError.terminated) { try await late.value }
            await #expect(throws: MicroBatcherError.terminated) { try await batcher.execute(6) }
            opening.yield()
        }
        #expect(try await future.value == 25)
        await batcher.shutdown()
    }

    @Test("A batch of one is run by its caller, and at shutdown it is waited for")
    func alone() async throws {
        let remote = Remote()
        let batcher = batcher(MicroBatcherConfiguration(size: 1), remote)
        #expect(try await batcher.execute(6) == 36)
        #expect(batcher.metrics.requests == 1)
        await batcher.shutdown()
        await #expect(throws: MicroBatcherError.terminated) { try await batcher.execute(6) }
    }

    @Test("A result that is there is given, however cancelled the one who asks")
    func readyResult() async throws {
        let remote = Remote()
        let batcher = batcher(MicroBatcherConfiguration(size: 1), remote)
        let future = batcher.submit(3)
        _ = try await future.value
        for _ in 1...200 {
            let value = try await withThrowingTaskGroup(of: Int.self) { group in
                group.cancelAll()
                group.addTask { try await future.value }
                return try await group.next()
            }
            #expect(value == 9)
        }
    }

    @Test("Under many callers, some of whom give up, nobody gets another's result")
    func manyCallers() async throws {
        let batcher = MicroBatcher<Int, Int>(
            size: 16,
            timeout: .milliseconds(1),
            maxInFlight: 2,
            id: { $0 },
            resultID: { $0 }
        ) { numbers in
            await Task.yield()
            return numbers.shuffled()
        }
        let wrong = Count()
        let done = Count()
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<200 {
                group.addTask {
                    for turn in 0..<50 {
                        let number = caller * 1000 + turn
                        let task = Task { try await batcher.execute(number) }
                        if turn % 7 == 0 { task.cancel() }
                        guard case .success(let value) = await task.result else { continue }
                        done.add()
                        if value != number { wrong.add() }
                    }
                }
            }
        }
        await batcher.shutdown()
        #expect(wrong.value == 0)
        #expect(done.value >= 200 * 42)
        #expect(batcher.metrics.inFlight == 0)
        #expect(batcher.metrics.queued == 0)
    }
}
