import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("Processing a batch")
struct BatchProcessTests {
    @Test("Work that returns succeeds, and its value is the result")
    func succeed() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        let outcome = try await batch.process { items in ["ids": items.map(\.id)] }
        guard case .succeeded = outcome else { throw WorkError(description: "\(outcome)") }
        let record = try await bench.record(batch)
        #expect(record.status == .succeeded)
        #expect(record.result == #"{"ids":[1,2,3]}"#)
    }

    @Test("Work without a value leaves no result")
    func noResult() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        _ = try await batch.process { _ in }
        #expect(try await bench.record(batch).status == .succeeded)
        #expect(try await bench.record(batch).result == nil)
    }

    @Test("Work that throws fails, and the error is returned")
    func fail() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        let outcome = try await batch.process { _ in throw WorkError(description: "no luck") }
        guard case .failed(let error) = outcome else { throw WorkError(description: "\(outcome)") }
        #expect("\(error)" == "no luck")
        let record = try await bench.record(batch)
        #expect(record.status == .failed)
        #expect(record.logging == "no luck")
        #expect(record.retryAt == bench.clock.date.addingTimeInterval(5))
    }

    @Test("Work that throws a success in part has done all items but those that it blames")
    func partialSuccess() async throws {
        let bench = Workbench(ids: 1...6)
        let batch = try await bench.take()
        let partial = PartialSuccess(blaming: [2: "no day", 5: "no qty"], result: "4")
        let outcome = try await batch.process { _ in throw partial }
        #expect(throws: PartialSuccess.self) { try outcome.get() }
        let record = try await bench.record(batch)
        #expect(record.status == .split && record.failures == 0)
        let batches = try await bench.store.batches(BatchSelection())
        let done = try #require(batches.first { $0.status == .succeeded })
        #expect(done.ids?.packed == "1,3-4,6" && done.result == "4")
        #expect(batches.filter { $0.status == .quarantined }.map(\.idStart).sorted() == [2, 5])
    }

    @Test("A success in part that blames another batch's item fails")
    func strangeBlame() async throws {
        let bench = Workbench(ids: 1...6)
        let batch = try await bench.take()
        let outcome = try await batch.process { _ in throw PartialSuccess(blaming: [9: "no"]) }
        #expect(throws: TrancheError.self) { try outcome.get() }
        #expect(try await bench.record(batch).status == .failed)
    }

    // work                               task
    // sleeps
    //                                    is cancelled
    // throws CancellationError
    //                                    gives the batch back, throws CancellationError
    @Test("Cancelled work gives its batch back")
    func cancel() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        let clock = bench.clock
        let task = Task {
            _ = try await batch.process { _ in try await clock.sleep(for: .seconds(1000)) }
        }
        try await clock.waitForSleepers(2)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let record = try await bench.record(batch)
        #expect(record.status == .released)
        #expect(record.failures == 0)
        #expect(clock.sleepers == 0)
    }

    @Test("Work that ends all the same when it is cancelled is not lost twice")
    func cancelledAfterTheEnd() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        let task = Task {
            _ = try await batch.process { _ in
                withUnsafeCurrentTask { $0?.cancel() }
                return 1
            }
        }
        _ = try? await task.value
        let status = try await bench.record(batch).status
        #expect(status == .succeeded || status == .released)
    }

    // first worker                       second worker
    // holds the batch
    // its lease ends
    //                                    is given the batch
    // heartbeat: BatchLost
    // work is cancelled
    @Test("Work is cancelled when its batch is lost")
    func lost() async throws {
        let bench = Workbench(ids: 1...3)
        let lost = try await bench.take()
        bench.clock.advance(by: .seconds(60))
        let held = try await bench.take()
        let clock = bench.clock
        let task = Task {
            _ = try await lost.process { _ in
                do {
                    try await clock.sleep(for: .seconds(1000))
                } catch {
                    #expect(error is CancellationError)
                    throw error
                }
            }
        }
        try await clock.waitForSleepers(2)
        clock.advance(by: .seconds(20))
        let error = await #expect(throws: TrancheError.self) { try await task.value }
        #expect(error?.code == .batchLost)
        #expect(try await bench.record(held) == held.record)
    }

    @Test("Work that ends after its batch was lost changes nothing")
    func endedLate() async throws {
        let bench = Workbench(ids: 1...3)
        let lost = try await bench.take()
        bench.clock.advance(by: .seconds(60))
        let held = try await bench.take()
        let late = await #expect(throws: TrancheError.self) {
            _ = try await lost.process { _ in 1 }
        }
        #expect(late?.code == .batchLost)
        let wrong = await #expect(throws: TrancheError.self) {
            _ = try await lost.process { _ in throw WorkError(description: "no") }
        }
        #expect(wrong?.code == .batchLost)
        #expect(try await bench.record(held) == held.record)
    }

    @Test("Items are streamed")
    func stream() async throws {
        let bench = Workbench(ids: 1...30)
        let batch = try await bench.take()
        _ = try await batch.processStream { items in
            var sum: Int64 = 0
            for try await item in items { sum += item.id }
            return sum
        }
        #expect(try await bench.record(batch).result == "465")
    }
}

@Suite("Keeping a lease")
struct LeaseTests {
    @Test("A heartbeat is sent at every third of the lease")
    func heartbeats() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        let clock = bench.clock
        let task = Task { try await batch.whileHeld { try await clock.sleep(for: .seconds(110)) } }
        for beat in 1...5 {
            try await clock.waitForSleepers(2)
            clock.advance(by: .milliseconds(19_999))
            #expect(bench.store.calls(of: .heartbeat) == beat - 1)
            clock.advance(by: .milliseconds(1))
            try await clock.waitForSleepers(2)
            #expect(bench.store.calls(of: .heartbeat) == beat)
            let expiry = try await bench.record(batch).leaseExpiresAt
            #expect(expiry == clock.date.addingTimeInterval(60))
        }
        clock.advance(by: .seconds(10))
        try await task.value
        #expect(bench.store.calls(of: .heartbeat) == 5)
        #expect(clock.sleepers == 0)
    }

    @Test("A heartbeat that does not get through is sent again")
    func unreachable() async throws {
        let bench = Workbench(ids: 1...3)
        bench.store.inject(.before, call: 1, of: .heartbeat)
        bench.store.inject(.after, call: 2, of: .heartbeat)
        let batch = try await bench.take()
        let clock = bench.clock
        let task = Task { try await batch.whileHeld { try await clock.sleep(for: .seconds(30)) } }
        try await clock.waitForSleepers(2)
        clock.advance(by: .seconds(20))
        for wait in [25, 50] {
            try await clock.waitForSleepers(2)
            clock.advance(by: .milliseconds(wait))
        }
        try await clock.waitForSleepers(2)
        #expect(bench.store.calls(of: .heartbeat) == 3)
        clock.advance(by: .seconds(10))
        try await task.value
    }

    @Test("What the work throws is thrown, and heartbeats end")
    func throwing() async throws {
        let bench = Workbench(ids: 1...3)
        let batch = try await bench.take()
        await #expect(throws: WorkError.self) {
            try await batch.whileHeld { throw WorkError(description: "no") }
        }
        #expect(bench.clock.sleepers == 0)
        #expect(try await bench.record(batch).status == .running)
    }
}
