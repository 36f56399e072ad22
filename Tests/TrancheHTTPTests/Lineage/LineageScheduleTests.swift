import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheTestKit

/// What becomes of attempts, at random, and what is told of them.
@Suite("Events of OpenLineage over random runs", .timeLimit(.minutes(5)))
struct LineageScheduleTests {
    /// How many schedules; `TRANCHE_TEST_SEEDS` says how many, to look longer than usual.
    private static let seeds: ClosedRange<UInt64> = {
        let asked = ProcessInfo.processInfo.environment["TRANCHE_TEST_SEEDS"].flatMap(UInt64.init)
        return 1...max(asked ?? 5, 1)
    }()

    @Test(
        "Each attempt that began has one START and one end, however it ended",
        arguments: seeds
    )
    func pairs(seed: UInt64) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.path("lineage.jsonl")
            let lineage = try Lineage(to: .file(file))
            let schedule = Schedule(seed, lineage)
            let handedOut = try await lineage.whileEmitting {
                try await schedule.run()
                let attempts = try await schedule.attempts()
                await schedule.inventory.close()
                return attempts
            }
            let told = try Told(file)
            #expect(handedOut.count > 20, "seed \(seed)")
            #expect(told.types.keys.sorted() == handedOut.sorted(), "seed \(seed)")
            for (attempt, types) in told.types {
                #expect(types.count == 2 && types[0] == "START", "seed \(seed), \(attempt)")
            }
            for type in ["COMPLETE", "FAIL", "ABORT"] {
                #expect(told.types.values.contains { $0.last == type }, "seed \(seed)")
            }
            #expect(lineage.counts.delivered == 2 * handedOut.count)
            #expect(lineage.counts.dropped == 0)
            if let summary = try OpenLineage.check(file) {
                #expect(summary.runs == handedOut.count, "seed \(seed)")
            }
        }
    }

    @Test("An attempt that nobody ended is told of as aborted at the end")
    func abandoned() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.path("lineage.jsonl")
            let lineage = try Lineage(to: .file(file))
            let schedule = Schedule(1, lineage)
            try await lineage.whileEmitting {
                _ = try await schedule.acquire()
                await schedule.inventory.close()
            }
            #expect(try Told(file).types == ["1 1": ["START", "ABORT"]])
        }
    }
}

/// An inventory over the reference store, and tasks that do with its batches what chance says.
private final class Schedule: Sendable {
    let inventory: Inventory
    private let clock = ManualClock()
    private let source: MemorySource
    private let seed: UInt64

    init(_ seed: UInt64, _ lineage: Lineage) {
        self.seed = seed
        let clock = clock
        var configuration = Inventory.Configuration(
            store: StoreConfiguration(now: { clock.date }),
            worker: "worker",
            clock: clock,
            randomness: { 0 }
        )
        configuration.auditsWhileWorking = false
        configuration.observers = [lineage.observer]
        configuration.eventLimit = 100_000
        source = MemorySource(items: (1...80).map { Item(id: $0, weight: Double($0 % 7 + 1)) })
        inventory = Inventory(
            store: MemoryInventoryStore(clock: clock),
            configuration: configuration
        )
    }

    func acquire(token: String? = nil) async throws -> Batch? {
        var request = BatchRequest(
            job: "job",
            limit: BatchLimit(weight: 18),
            policy: RunPolicy(
                lease: .seconds(60),
                maxAttempts: 2,
                backoff: .seconds(1),
                onExhausted: .split
            )
        )
        request.token = token
        guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
            return nil
        }
        return batch
    }

    /// Acquires and ends batches, until a while after there are none.
    func run() async throws {
        var chance = SplitMix64(seed: seed)
        var held: [Batch] = []
        for step in 0..<160 {
            switch Int.random(in: 0..<10, using: &chance) {
            case 0..<4:
                let token = "token-\(step)"
                guard let batch = try await acquire(token: token) else { break }
                held.append(batch)
                // An answer that was lost is asked for again.
                if Bool.random(using: &chance), let same = try await acquire(token: token) {
                    held.append(same)
                }
            case 4:
                clock.advance(by: .seconds(Int.random(in: 1...90, using: &chance)))
            default:
                guard let place = held.indices.randomElement(using: &chance) else { break }
                let batch = held.remove(at: place)
                try await Self.end(batch, &chance)
            }
        }
        for batch in held { try await Self.end(batch, &chance) }
    }

    private static func end(_ batch: Batch, _ chance: inout SplitMix64) async throws {
        do {
            switch Int.random(in: 0..<8, using: &chance) {
            case 0..<3: try await batch.succeed()
            case 3: try await batch.fail("it said \"no\"\n\u{1}")
            case 4: try await batch.fail("bad", badItems: [batch.record.idStart])
            case 5: try await batch.release()
            case 6:
                _ = try await batch.heartbeat()
                try await batch.succeed()
            default: break
            }
        } catch let error as TrancheError where error.code == .batchLost {
            // Somebody else has it.
        }
    }

    /// All attempts that the inventory knows, as batch and number.
    func attempts() async throws -> [String] {
        var attempts: [String] = []
        for batch in try await inventory.batches(BatchSelection(limit: 10_000)) {
            for attempt in try await inventory.attempts(of: batch.id) {
                attempts.append("\(batch.id) \(attempt.attempt)")
            }
        }
        return attempts
    }
}

/// What a file tells of attempts.
private struct Told {
    /// The types of events in order, by batch and number of the attempt.
    var types: [String: [String]] = [:]

    init(_ file: String) throws {
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
            let parameters = event.run.facets.executionParameters.parameters
            let names = ["batch", "attempt"].map { name in
                parameters.first { $0.key == name }?.value ?? ""
            }
            types[names.joined(separator: " "), default: []].append(event.eventType)
        }
    }

    private struct Event: Decodable {
        var eventType: String
        var run: Run
    }

    private struct Run: Decodable {
        var facets: Facets
    }

    private struct Facets: Decodable {
        var executionParameters: Parameters
    }

    private struct Parameters: Decodable {
        var parameters: [Parameter]
    }

    private struct Parameter: Decodable {
        var key: String
        var value: String
    }
}
