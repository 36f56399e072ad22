import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

@Suite("Tasks that share transactions", .timeLimit(.minutes(10)))
struct SharingTests {
    /// Counts the requests that reach a store, and holds them up where a test says so.
    final class CountingStore: ForwardingStore, SharingStore, SQLSourceProvider {
        let base: any InventoryStore
        private let counts = Mutex<[StoreRequest: Int]>([:])
        private let sizes = Mutex<[Int]>([])
        private let ended = Mutex(0)
        /// Held up at: requests of one, and those of several.
        let gate: AsyncStream<Void>?
        let groupGate: AsyncStream<Void>?

        init(
            _ base: any InventoryStore,
            gate: AsyncStream<Void>?,
            groupGate: AsyncStream<Void>?
        ) {
            self.base = base
            self.gate = gate
            self.groupGate = groupGate
        }

        func openSource(_ source: SQLSource) async throws -> any MetaSource {
            try await #require(base as? any SQLSourceProvider).openSource(source)
        }

        func count(_ request: StoreRequest) -> Int { counts.withLock { $0[request] ?? 0 } }

        /// How many successes were recorded with acquires.
        var endedInPassing: Int { ended.withLock { $0 } }

        /// How many batches were asked for at once.
        var asked: [Int] { sizes.withLock { $0 } }

        func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
            counts.withLock { $0[request, default: 0] += 1 }
            if request == .fail, let groupGate { for await _ in groupGate { break } }
            return try await body()
        }

        func acquire(
            _ request: AcquireRequest,
            from source: any MetaSource,
            with input: AcquireInput
        ) async throws -> AcquireOutcome {
            counts.withLock { $0[.acquire, default: 0] += 1 }
            sizes.withLock { $0.append(request.slots.count) }
            ended.withLock { $0 += input.endings.count }
            if let gate = request.slots.count > 1 ? groupGate : gate {
                for await _ in gate { break }
            }
            return try await base.acquire(request, from: source, with: input)
        }

        func succeed(_ endings: [AttemptSuccess]) async throws -> [BatchRecord?] {
            counts.withLock { $0[.succeed, default: 0] += 1 }
            guard let base = base as? any SharingStore else { return endings.map { _ in nil } }
            return try await base.succeed(endings)
        }

        func fail(_ endings: [AttemptFailure]) async throws -> [BatchRecord?] {
            counts.withLock { $0[.fail, default: 0] += 1 }
            guard let base = base as? any SharingStore else { return endings.map { _ in nil } }
            return try await base.fail(endings)
        }

        func heartbeat(_ holdings: [AttemptKey]) async throws -> [Date?] {
            counts.withLock { $0[.heartbeat, default: 0] += 1 }
            guard let base = base as? any SharingStore else { return holdings.map { _ in nil } }
            return try await base.heartbeat(holdings)
        }
    }

    private struct World {
        let database: TestDatabase
        let store: CountingStore
        let inventory: Inventory
        let source: SQLSource
    }

    private func withWorld(
        _ backend: TestDatabase.Backend,
        items: Int = 2000,
        gate: AsyncStream<Void>? = nil,
        groupGate: AsyncStream<Void>? = nil,
        shares: Bool = true,
        isBeside: Bool = true,
        _ body: (World) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.run(
                "CREATE TABLE \(database.prefix)item (uid integer PRIMARY KEY, weight integer)"
            )
            let numbers = (1...items).map { "(\($0), 1)" }.joined(separator: ", ")
            try await database.run("INSERT INTO \(database.prefix)item VALUES \(numbers)")
            let opened = try await database.open()
            let store = CountingStore(opened.store, gate: gate, groupGate: groupGate)
            var configuration = Inventory.Configuration()
            configuration.sharesTransactions = shares
            configuration.auditsWhileWorking = false
            let inventory = Inventory(store: store, configuration: configuration)
            // Named by itself, it is planned from without the run's lock.
            let place: SourceDatabase =
                backend == .sqlite ? .sqlite(database.address) : .postgres(database.address)
            let source = SQLSource(database.prefix + "item", in: isBeside ? nil : place)
            try await body(
                World(database: database, store: store, inventory: inventory, source: source)
            )
            await opened.close()
        }
    }

    @Test(
        "Many tasks hand out every item once, in fewer transactions than batches",
        arguments: TestDatabase.Backend.available,
        [(shares: true, isBeside: true), (true, false), (false, true)]
    )
    func manyTasks(
        backend: TestDatabase.Backend,
        how: (shares: Bool, isBeside: Bool)
    ) async throws {
        let shares = how.shares
        try await withWorld(backend, shares: shares, isBeside: how.isBeside) { world in
            let (inventory, source) = (world.inventory, world.source)
            let batches = try await withThrowingTaskGroup(
                of: [(worker: String?, expected: String, ids: [Int64])].self
            ) { group in
                for worker in 1...32 {
                    group.addTask {
                        var own: [(worker: String?, expected: String, ids: [Int64])] = []
                        let request = BatchRequest(
                            job: "j",
                            limit: BatchLimit(count: 10),
                            worker: "worker \(worker)"
                        )
                        while case .batch(let batch) = try await inventory.acquire(
                            request,
                            from: source
                        ) {
                            let ids = try await batch.items.map(\.id)
                            try await batch.heartbeat()
                            let ended = try await batch.succeed(result: ["ids": ids.count])
                            own.append((ended.worker, "worker \(worker)", ids))
                        }
                        return own
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(batches.flatMap(\.ids).sorted() == Array(1...2000))
            #expect(batches.allSatisfy { $0.worker == $0.expected && $0.ids.count <= 10 })
            #expect(batches.count == 200)
            let transactions = world.store.count(.succeed)
            if shares {
                #expect(world.store.asked.contains { $0 > 1 })
                #expect(transactions < 200)
            } else {
                #expect(world.store.asked.allSatisfy { $0 == 1 })
                #expect(transactions == 200)
            }
            let records = try await inventory.store.batches(BatchSelection())
            #expect(records.allSatisfy { $0.status == .succeeded && $0.result == "{\"ids\":10}" })
        }
    }

    @Test("One without company asks alone", arguments: TestDatabase.Backend.available)
    func alone(backend: TestDatabase.Backend) async throws {
        try await withWorld(backend, items: 50) { world in
            while let batch = try await world.inventory.acquireBatch(
                from: world.source,
                job: "j",
                limit: .count(10)
            ) {
                try await batch.succeed()
            }
            #expect(world.store.asked.allSatisfy { $0 == 1 })
            #expect(world.store.count(.succeed) == 5)
        }
    }

    @Test(
        "Those who come while another asks are asked for together",
        arguments: TestDatabase.Backend.available
    )
    func together(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        try await withWorld(backend, items: 100, gate: gate) { world in
            let (inventory, source, store) = (world.inventory, world.source, world.store)
            let counts = try await withThrowingTaskGroup(of: Int?.self) { group in
                func ask() {
                    group.addTask {
                        let batch = try await inventory.acquireBatch(
                            from: source,
                            job: "j",
                            limit: .count(30)
                        )
                        return batch?.count
                    }
                }
                ask()
                while store.asked.isEmpty { await Task.yield() }
                for _ in 1...5 { ask() }
                while inventory.waitingForBatches < 5 { await Task.yield() }
                for _ in 1...10 { opening.yield() }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // 30 + 30 + 30 + 10 items, and two who get nothing, each told so.
            #expect(counts.compactMap { $0 }.sorted() == [10, 30, 30, 30])
            #expect(counts.count { $0 == nil } == 2)
            #expect(store.asked.contains(5))
        }
    }

    @Test(
        "One who gives up while others ask is done at once, and what comes for it is given back",
        arguments: TestDatabase.Backend.available
    )
    func cancels(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let (groupGate, groupOpening) = AsyncStream.makeStream(of: Void.self)
        try await withWorld(backend, items: 100, gate: gate, groupGate: groupGate) { world in
            let (inventory, source, store) = (world.inventory, world.source, world.store)
            func ask() -> Task<Batch?, any Error> {
                Task { try await inventory.acquireBatch(from: source, job: "j", limit: .count(10)) }
            }
            let first = ask()
            while store.asked.isEmpty { await Task.yield() }
            let (second, third) = (ask(), ask())
            while inventory.waitingForBatches < 2 { await Task.yield() }
            for _ in 1...5 { opening.yield() }
            while !store.asked.contains(2) { await Task.yield() }
            second.cancel()
            await #expect(throws: CancellationError.self) { try await second.value }
            for _ in 1...5 { groupOpening.yield() }
            let batches = [try await first.value, try await third.value]
            #expect(batches.compactMap { $0 }.count == 2)
            var statuses: [BatchStatus] = []
            while !statuses.contains(.released) {
                statuses = try await inventory.store.batches(BatchSelection()).map(\.status)
            }
            #expect(statuses.count { $0 == .running } == 2)
            #expect(statuses.count == 3)
        }
    }

    @Test(
        "One who gives up before it was asked for is not asked for",
        arguments: TestDatabase.Backend.available
    )
    func cancelsBefore(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        try await withWorld(backend, items: 100, gate: gate) { world in
            let (inventory, source, store) = (world.inventory, world.source, world.store)
            let first = Task {
                try await inventory.acquireBatch(from: source, job: "j", limit: .count(10))
            }
            while store.asked.isEmpty { await Task.yield() }
            let second = Task {
                try await inventory.acquireBatch(from: source, job: "j", limit: .count(10))
            }
            while inventory.waitingForBatches < 1 { await Task.yield() }
            second.cancel()
            await #expect(throws: CancellationError.self) { try await second.value }
            for _ in 1...5 { opening.yield() }
            _ = try await first.value
            let records = try await inventory.store.batches(BatchSelection())
            #expect(records.map(\.status) == [.running])
        }
    }

    @Test(
        "A batch that was lost is its own caller's failure",
        arguments: TestDatabase.Backend.available
    )
    func lost(backend: TestDatabase.Backend) async throws {
        try await withWorld(backend, items: 100) { world in
            let (inventory, source) = (world.inventory, world.source)
            var batches: [Batch] = []
            for _ in 1...10 {
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: "j",
                    limit: .count(10)
                )
                batches.append(try #require(batch))
            }
            // One is another's by now.
            try await batches[4].release()
            _ = try await inventory.acquireBatch(from: source, job: "j", limit: .count(10))
            let ends = await withTaskGroup(of: Result<BatchStatus, any Error>.self) { group in
                for batch in batches {
                    group.addTask {
                        do {
                            return .success(try await batch.succeed().status)
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let failures = ends.compactMap { end -> TrancheError? in
                if case .failure(let error as TrancheError) = end { error } else { nil }
            }
            #expect(failures.map(\.code) == [.batchLost])
            #expect(ends.count { (try? $0.get()) == .succeeded } == 9)
            // What was ended may be ended again by its attempt.
            #expect(try await batches[0].succeed().status == .succeeded)
        }
    }

    @Test(
        "Failures are recorded together, and each is as it would be by itself",
        arguments: TestDatabase.Backend.available
    )
    func failures(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        try await withWorld(backend, items: 100, groupGate: gate) { world in
            let (inventory, source) = (world.inventory, world.source)
            var batches: [Batch] = []
            for _ in 1...10 {
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: "j",
                    limit: .count(10)
                )
                batches.append(try #require(batch))
            }
            // One is another's by now.
            try await batches[4].release()
            _ = try await inventory.acquireBatch(from: source, job: "j", limit: .count(10))
            let first = Task { [batch = batches[0]] in try await batch.fail("no 0") }
            while world.store.count(.fail) == 0 { await Task.yield() }
            let ends = batches.enumerated().dropFirst().map { place, batch in
                Task {
                    // One blames an item that it does not have, and one an item of its own.
                    let bad: Set<Int64> = place == 7 ? [batch.ids.lowerBound] : []
                    let failure =
                        place == 6
                        ? BatchFailure("no 6", parts: [BatchPart(ids: IDRuns([4711]), weight: 1)])
                        : nil
                    if let failure { return try await batch.fail(failure) }
                    return try await batch.fail("no \(place)", badItems: bad)
                }
            }
            while inventory.waitingToFail < 9 { await Task.yield() }
            for _ in 1...20 { opening.yield() }
            #expect(try await first.value.failures == 1)
            for (place, end) in zip(1..., ends) {
                switch (place, await end.result) {
                case (4, .failure(let error as TrancheError)): #expect(error.code == .batchLost)
                case (6, .failure(let error as TrancheError)):
                    #expect(error.code == .invalidArgument)
                case (7, .success(let batch)): #expect(batch.status == .split)
                case (_, .success(let batch)):
                    #expect(batch.status == .failed && batch.failures == 1)
                    #expect(batch.logging == "no \(place)" && batch.retryAt != nil)
                case (_, .failure(let error)): Issue.record("\(place): \(error)")
                }
            }
            let attempts = try await inventory.store.attempts(of: batches[2].id)
            #expect(attempts.map(\.outcome) == [.failed])
        }
    }

    @Test(
        "Failures that are recorded together count towards an outage as others do",
        arguments: TestDatabase.Backend.available
    )
    func outage(backend: TestDatabase.Backend) async throws {
        try await withWorld(backend, items: 100) { world in
            let request = BatchRequest(
                job: "j",
                limit: BatchLimit(count: 2),
                policy: RunPolicy(onExhausted: .split)
            )
            let batches = try await world.inventory.acquireBatches(
                count: 40,
                request,
                from: world.source
            )
            let base = try #require(world.store.base as? any SharingStore)
            let failure = BatchFailure("the sink does not answer")
            _ = try await base.fail(batches.map { AttemptFailure($0.holding, failure) })
            guard
                case .noBatch(.held) = try await world.inventory.acquire(
                    request,
                    from: world.source
                )
            else {
                Issue.record("the run is not held")
                return
            }
        }
    }

    // MARK: - Successes that are recorded with the next acquire

    @Test(
        "Many tasks record each success with the next acquire",
        arguments: TestDatabase.Backend.available,
        [true, false]
    )
    func manyInPassing(backend: TestDatabase.Backend, shares: Bool) async throws {
        try await withWorld(backend, shares: shares) { world in
            let request = BatchRequest(job: "j", limit: BatchLimit(count: 10))
            let seen = Mutex<[Int64]>([])
            let report = try await world.inventory.batches(request, from: world.source)
                .process(workers: 32) { batch in
                    let ids = try await batch.items.map(\.id)
                    seen.withLock { $0 += ids }
                    return ["ids": ids.count]
                }
            #expect(report.succeeded == 200)
            #expect(report.items == 2000)
            #expect(report.failed == 0)
            #expect(seen.withLock { $0.sorted() } == Array(1...2000))
            // But for those that had to be asked again, each success went with an acquire.
            #expect(world.store.endedInPassing >= 200)
            #expect(world.store.count(.succeed) == 0)
            if shares { #expect(world.store.count(.acquire) < 200) }
            let records = try await world.inventory.store.batches(BatchSelection())
            #expect(records.allSatisfy { $0.status == .succeeded && $0.result == "{\"ids\":10}" })
            let attempts = try await world.inventory.store.attempts(of: records[0].id)
            #expect(attempts.map(\.outcome) == [.succeeded])
        }
    }

    @Test(
        "Results are kept as they are, whoever they are recorded with",
        arguments: TestDatabase.Backend.available
    )
    func oddResults(backend: TestDatabase.Backend) async throws {
        let texts = [
            #"a "quoted" word"#, #"back\slash"#, "{1,2}", "NULL", "", "ü€😀", "line\nbreak",
            "a'b, c",
        ]
        try await withWorld(backend, items: texts.count) { world in
            let batches = try await world.inventory.acquireBatches(
                count: texts.count,
                BatchRequest(job: "j", limit: BatchLimit(count: 1)),
                from: world.source
            )
            let endings = try zip(batches, texts).map { batch, text in
                let result = text.isEmpty ? nil : try batch.jsonText(of: [text])
                return AttemptSuccess(batch.holding, result: result, logging: text)
            }
            let base = try #require(world.store.base as? any SharingStore)
            let ended = try await base.succeed(endings)
            #expect(ended.map { $0?.logging } == texts)
            for (record, text) in zip(ended, texts) {
                let result = try record?.result.map { try JSONText.decode([String].self, from: $0) }
                #expect(result == (text.isEmpty ? nil : [text]))
            }
        }
    }

    @Test(
        "One whose batch was lost is told, and the others have their next",
        arguments: TestDatabase.Backend.available
    )
    func lostInPassing(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        for _ in 1...3 { opening.yield() }
        try await withWorld(backend, items: 100, gate: gate) { world in
            let (inventory, source, store) = (world.inventory, world.source, world.store)
            let request = BatchRequest(job: "j", limit: BatchLimit(count: 10))
            var batches: [Batch] = []
            for _ in 1...3 {
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: "j",
                    limit: .count(10)
                )
                batches.append(try #require(batch))
            }
            // One was another's meanwhile.
            try await batches[1].release()
            opening.yield()
            let other = try await inventory.acquireBatch(from: source, job: "j", limit: .count(10))
            #expect(other?.id == batches[1].id)
            let asked = store.asked.count
            let first = Task { try await inventory.acquire(request, from: source) }
            while store.asked.count == asked { await Task.yield() }
            let ends = batches.map { batch in
                Task { try await batch.succeed(thenAcquire: request, from: source) }
            }
            // One of them has nothing to end, and so nothing to lose.
            let plain = Task { try await inventory.acquire(request, from: source) }
            while inventory.waitingForBatches < 4 { await Task.yield() }
            for _ in 1...14 { opening.yield() }
            _ = try await first.value
            guard case .batch = try await plain.value else {
                Issue.record("nothing for who ended nothing")
                return
            }
            for (place, end) in ends.enumerated() {
                switch await end.result {
                case .success(.batch(let next)): #expect(place != 1 && next.attempt == 1)
                case .success(.noBatch(let reason)): Issue.record("none: \(reason)")
                case .failure(let error):
                    #expect(place == 1 && (error as? TrancheError)?.code == .batchLost)
                }
            }
            let records = try await inventory.store.batches(BatchSelection(status: .succeeded))
            #expect(Set(records.map(\.id)) == [batches[0].id, batches[2].id])
            let running = try await inventory.store.batches(BatchSelection(status: .running))
            #expect(running.count == 5)
        }
    }

    @Test(
        "One who gives up before it was asked for has its success recorded",
        arguments: TestDatabase.Backend.available
    )
    func cancelsInPassing(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        opening.yield()
        try await withWorld(backend, items: 100, gate: gate) { world in
            let (inventory, source, store) = (world.inventory, world.source, world.store)
            let request = BatchRequest(job: "j", limit: BatchLimit(count: 10))
            let acquired = try await inventory.acquireBatch(
                from: source,
                job: "j",
                limit: .count(10)
            )
            let batch = try #require(acquired)
            let first = Task { try await inventory.acquire(request, from: source) }
            while store.asked.count < 2 { await Task.yield() }
            let second = Task { try await batch.succeed(thenAcquire: request, from: source) }
            while inventory.waitingForBatches < 1 { await Task.yield() }
            second.cancel()
            await #expect(throws: CancellationError.self) { try await second.value }
            let status = try await inventory.batch(batch.id).status
            #expect(status == .succeeded)
            for _ in 1...5 { opening.yield() }
            _ = try await first.value
            #expect(try await inventory.store.batches(BatchSelection()).count == 2)
        }
    }

    @Test(
        "Who asks for several batches shares a transaction with others, and has all that there are",
        arguments: TestDatabase.Backend.available
    )
    func several(backend: TestDatabase.Backend) async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        try await withWorld(backend, items: 100, gate: gate) { world in
            let (inventory, source, store) = (world.inventory, world.source, world.store)
            let request = BatchRequest(job: "j", limit: BatchLimit(count: 10))
            let first = Task { try await inventory.acquire(request, from: source) }
            while store.asked.isEmpty { await Task.yield() }
            let several = Task {
                try await inventory.acquireBatches(count: 4, request, from: source).count
            }
            while inventory.waitingForBatches < 1 { await Task.yield() }
            let one = Task { try await inventory.acquire(request, from: source) }
            while inventory.waitingForBatches < 2 { await Task.yield() }
            for _ in 1...5 { opening.yield() }
            _ = try await first.value
            _ = try await one.value
            #expect(try await several.value == 4)
            #expect(store.asked == [1, 5])
        }
    }
}
