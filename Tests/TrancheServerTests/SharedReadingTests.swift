import Synchronization
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheServer

@Suite("A value that is read once for all who ask", .timeLimit(.minutes(1)))
struct SharedReadingTests {
    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    private struct Fault: Error {}

    @Test("One reading serves all who ask while it goes on")
    func together() async throws {
        let (reads, gate) = (Counter(), AsyncStream<Void>.makeStream())
        let shared = SharedReading(age: .seconds(1), clock: ManualClock()) { _ in
            reads.add()
            for await _ in gate.stream {}
            return reads.value
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { try await shared.value } }
            while reads.value < 1 { await Task.yield() }
            while await shared.waitingCount < 19 { await Task.yield() }
            gate.continuation.finish()
            for try await value in group { #expect(value == 1) }
        }
        #expect(reads.value == 1)
    }

    @Test("An error is not kept, and who waited for it reads by itself")
    func failures() async throws {
        let (reads, gate) = (Counter(), AsyncStream<Void>.makeStream())
        let shared = SharedReading(age: .seconds(1), clock: ManualClock()) { _ in
            reads.add()
            guard reads.value == 1 else { return reads.value }
            for await _ in gate.stream {}
            throw Fault()
        }
        try await withThrowingTaskGroup(of: Result<Int, any Error>.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do { return .success(try await shared.value) } catch { return .failure(error) }
                }
            }
            while await shared.waitingCount < 1 { await Task.yield() }
            gate.continuation.finish()
            var values: [Int?] = []
            for try await result in group { values.append(try? result.get()) }
            #expect(Set(values) == [nil, 2])
        }
        #expect(try await shared.value == 2)
    }

    @Test("What was changed while a value was read is in the next one")
    func changedMeanwhile() async throws {
        let (reads, gate) = (Counter(), AsyncStream<Void>.makeStream())
        let shared = SharedReading(
            age: .seconds(1),
            longest: .seconds(15),
            clock: ManualClock(),
            mark: { "same" }
        ) { _ in
            reads.add()
            if reads.value == 1 { for await _ in gate.stream {} }
            return reads.value
        }
        async let first = shared.value
        while reads.value < 1 { await Task.yield() }
        await shared.forget()
        gate.continuation.finish()
        #expect(try await first == 1)
        #expect(try await shared.value == 2)
        #expect(try await shared.value == 2)
    }

    @Test("What was changed while it was asked whether anything was is read, whatever the answer")
    func changedWhileAsking() async throws {
        let clock = ManualClock()
        let (reads, asked, gate) = (Counter(), Counter(), AsyncStream<Void>.makeStream())
        let shared = SharedReading(
            age: .seconds(1),
            longest: .seconds(15),
            clock: clock,
            mark: {
                asked.add()
                if asked.value == 2 { for await _ in gate.stream {} }
                return "same"
            }
        ) { _ in
            reads.add()
            return reads.value
        }
        #expect(try await shared.value == 1)
        clock.advance(by: .seconds(2))
        async let next = shared.value
        while asked.value < 2 { await Task.yield() }
        await shared.forget()
        gate.continuation.finish()
        #expect(try await next == 2)
    }

    @Test("What changes while a value is read, unannounced, shows by the mark from before")
    func markBefore() async throws {
        let clock = ManualClock()
        let (reads, changes) = (Counter(), Counter())
        let shared = SharedReading(
            age: .seconds(1),
            longest: .seconds(15),
            clock: clock,
            mark: { "\(changes.value)" }
        ) { _ in
            reads.add()
            if reads.value == 1 { changes.add() }
            return reads.value
        }
        #expect(try await shared.value == 1)
        clock.advance(by: .seconds(2))
        #expect(try await shared.value == 2)
        clock.advance(by: .seconds(2))
        #expect(try await shared.value == 2)
    }

    @Test("A value that could not be read anew in time is asked for again")
    func failingRefresh() async throws {
        let clock = ManualClock()
        let reads = Counter()
        let shared = SharedReading(age: .seconds(1), grace: .seconds(1), clock: clock) { _ in
            reads.add()
            if reads.value == 2 { throw Fault() }
            return reads.value
        }
        #expect(try await shared.value == 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shared.run() }
            clock.advance(by: .milliseconds(1500))
            #expect(try await shared.value == 1)
            while reads.value < 2 { await Task.yield() }
            // It goes on, and reads for the next who asks.
            while reads.value < 3 {
                _ = try await shared.value
                await Task.yield()
            }
            #expect(try await shared.value == 3)
            group.cancelAll()
            while let result = await group.nextResult() {
                #expect(throws: CancellationError.self) { try result.get() }
            }
        }
    }
}
