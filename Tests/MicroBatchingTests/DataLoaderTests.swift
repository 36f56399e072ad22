import Synchronization
import Testing
import TrancheTestKit

@testable import MicroBatching

@Suite("Values loaded by keys", .timeLimit(.minutes(10)))
struct DataLoaderTests {
    struct Broken: Error {}

    /// What was asked for.
    final class Table: Sendable {
        private let asked = Mutex<[[Int]]>([])
        private let failures = Mutex(0)

        var batches: [[Int]] { asked.withLock { $0.map { $0.sorted() } } }

        func fail(times: Int) { failures.withLock { $0 = times } }

        func load(_ keys: [Int]) throws -> [Int: String] {
            asked.withLock { $0.append(keys) }
            let fails = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            if fails { throw Broken() }
            return Dictionary(
                uniqueKeysWithValues: keys.filter { $0 >= 0 }.map { ($0, "v\($0)") }
            )
        }
    }

    private func loader(_ table: Table, size: Int = 0, capacity: Int = 0) -> DataLoader<Int, String>
    {
        DataLoader(size: size, capacity: capacity) { try table.load($0) }
    }

    @Test("All who ask for a key share one request, and later ones its value")
    func shares() async throws {
        let table = Table()
        let loader = loader(table)
        async let results = loader.loadMany([1, 2, 1, 2, 3])
        while loader.metrics.queued < 3 { await Task.yield() }
        await loader.flush()
        let values = try await results.map { try $0.get() }
        #expect(values == ["v1", "v2", "v1", "v2", "v3"])
        #expect(table.batches == [[1, 2, 3]])
        #expect(try await loader.load(2) == "v2")
        #expect(table.batches.count == 1)
    }

    @Test("A failure is not kept")
    func forgetsFailures() async throws {
        let table = Table()
        let loader = loader(table, size: 1)
        table.fail(times: 1)
        await #expect(throws: Broken.self) { try await loader.load(1) }
        #expect(loader.count == 0)
        #expect(try await loader.load(1) == "v1")
        await #expect(throws: MicroBatcherError.noResult(id: "-1")) { try await loader.load(-1) }
        #expect(loader.count == 1)
    }

    @Test("Several keys are loaded, and each tells its own failure")
    func loadsMany() async throws {
        let table = Table()
        let loader = loader(table, size: 3)
        let results = try await loader.loadMany([1, -1, 2])
        #expect(try results[0].get() == "v1")
        #expect(throws: MicroBatcherError.noResult(id: "-1")) { try results[1].get() }
        #expect(try results[2].get() == "v2")
    }

    @Test("A value may be given, and forgotten")
    func primes() async throws {
        let table = Table()
        let loader = loader(table, size: 1)
        loader.prime(1, "given")
        loader.prime(1, "too late")
        #expect(try await loader.load(1) == "given")
        loader.clear(1)
        #expect(try await loader.load(1) == "v1")
        loader.clear()
        #expect(loader.count == 0)
        #expect(table.batches == [[1]])
    }

    @Test("What was not used for longest is forgotten when there is no room")
    func bounds() async throws {
        let table = Table()
        let loader = loader(table, size: 1, capacity: 16)
        for key in 0..<16 { _ = try await loader.load(key) }
        _ = try await loader.load(0)
        _ = try await loader.load(16)
        #expect(loader.count <= 16)
        let before = table.batches.count
        _ = try await loader.load(0)
        _ = try await loader.load(16)
        #expect(table.batches.count == before)
        _ = try await loader.load(1)
        #expect(table.batches.count == before + 1)
        for key in 0..<10_000 { _ = try await loader.load(key) }
        #expect(loader.count <= 16)
    }

    @Test("A task that is cancelled already asks for nothing, and gets what is there")
    func cancelledBefore() async throws {
        let table = Table()
        let loader = loader(table, size: 1)
        _ = try await loader.load(1)
        func load(_ keys: [Int]) async throws -> [String] {
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                if keys.count == 1 { return [try await loader.load(keys[0])] }
                return try await loader.loadMany(keys).map { try $0.get() }
            }
            return try await task.value
        }
        #expect(try await load([1]) == ["v1"])
        await #expect(throws: CancellationError.self) { try await load([2]) }
        await #expect(throws: CancellationError.self) { try await load([1, 3]) }
        await loader.shutdown()
        #expect(table.batches == [[1]])
    }

    @Test("One who stops waiting does not stop the others")
    func cancels() async throws {
        let table = Table()
        let loader = loader(table)
        async let kept = loader.load(1)
        while loader.metrics.queued < 1 { await Task.yield() }
        await withThrowingTaskGroup(of: String.self) { group in
            group.addTask { try await loader.load(1) }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        await loader.flush()
        #expect(try await kept == "v1")
        await loader.shutdown()
    }
}
