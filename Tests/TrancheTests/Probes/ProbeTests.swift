import Foundation
import Synchronization
import Testing
import Tranche
import TrancheTestKit

@Suite("Probes", .timeLimit(.minutes(5)))
struct ProbeTests {
    /// Answers as it is told.
    private final class Oracle: Prober {
        private let next: Mutex<Result<ProbeAnswer, TrancheError>>
        let asked = Mutex(0)

        init(_ isOpen: Bool) {
            next = Mutex(.success(ProbeAnswer(isOpen: isOpen, reason: "told so")))
        }

        func tell(_ result: Result<ProbeAnswer, TrancheError>) { next.withLock { $0 = result } }

        var times: Int { asked.withLock { $0 } }

        func canAsk(_ question: ProbeQuestion) -> Bool {
            if case .http = question { true } else { false }
        }

        func answer(to question: ProbeQuestion, at now: Date) throws -> ProbeAnswer {
            asked.withLock { $0 += 1 }
            return try next.withLock { try $0.get() }
        }
    }

    /// Two processes with an inventory in common, and a probe of their budget.
    private struct World {
        let bench = Workbench(ids: 1...100)
        let oracle = Oracle(true)
        let first: Inventory
        let second: Inventory
        let probe = Probe("up", of: .name("b"), .http("http://h/up"), interval: .seconds(20))

        init(_ probe: Probe? = nil) async throws {
            first = Self.inventory("one", bench, [oracle])
            second = Self.inventory("two", bench, [oracle])
            try await first.setBudget("b", BudgetLimits(batches: 50))
            try await first.setProbe(probe ?? self.probe)
        }

        static func inventory(
            _ worker: String,
            _ bench: Workbench,
            _ probers: [any Prober]
        ) -> Inventory {
            var configuration = bench.inventory.configuration
            configuration.worker = worker
            configuration.probers = probers
            return Inventory(store: bench.store, configuration: configuration)
        }

        func acquire(_ inventory: Inventory) async throws -> Acquired {
            var request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
            request.limits = RunLimits(budgets: ["b"])
            return try await inventory.acquire(request, from: bench.source)
        }

        /// Why nothing is handed out; `nil` where something is.
        func refusal(_ inventory: Inventory) async throws -> String? {
            switch try await acquire(inventory) {
            case .batch: nil
            case .noBatch(.heldBack(let probe, let reason, _)):
                "probe '\(probe)' holds back: \(reason)"
            case .noBatch(let reason): "\(reason)"
            }
        }

        var state: ProbeState {
            get async throws { try #require(try await first.probes().first).state }
        }
    }

    @Test("One asks for all, and each interval once")
    func once() async throws {
        let world = try await World()
        for _ in 0..<3 {
            #expect(try await world.refusal(world.first) == nil)
            #expect(try await world.refusal(world.second) == nil)
        }
        #expect(world.oracle.times == 1)
        #expect(try await world.state.askedBy == "one")
        // Before the answer has lapsed it is asked anew: nobody waits for that.
        world.bench.clock.advance(by: .seconds(21))
        for _ in 0..<3 {
            #expect(try await world.refusal(world.first) == nil)
            #expect(try await world.refusal(world.second) == nil)
        }
        #expect(world.oracle.times == 2)
        // Where nobody has asked for long, whoever comes asks first.
        world.bench.clock.advance(by: .seconds(1000))
        #expect(try await world.refusal(world.second) == nil)
        #expect(world.oracle.times == 3)
    }

    @Test("An answer holds back until the next, or until the time that it says")
    func holds() async throws {
        let world = try await World()
        #expect(try await world.refusal(world.first) == nil)
        world.oracle.tell(.success(ProbeAnswer(isOpen: false, reason: "lag of 9 s")))
        world.bench.clock.advance(by: .seconds(21))
        let words = "probe 'up' holds back: lag of 9 s"
        #expect(try await world.refusal(world.first) == words)
        world.oracle.tell(.success(ProbeAnswer(isOpen: true, reason: "fine")))
        world.bench.clock.advance(by: .seconds(10))
        #expect(try await world.refusal(world.second) == words)
        world.bench.clock.advance(by: .seconds(11))
        #expect(try await world.refusal(world.second) == nil)
        // The server says when.
        let until = world.bench.clock.date.addingTimeInterval(400)
        let later = ProbeAnswer(isOpen: false, reason: "busy", until: until)
        world.oracle.tell(.success(later))
        world.bench.clock.advance(by: .seconds(21))
        #expect(try await world.refusal(world.first) == "probe 'up' holds back: busy")
        #expect(try await world.state.nextAt == until)
    }

    @Test("That it cannot be reached needs two who say so, and means what was told")
    func unreachable() async throws {
        let world = try await World()
        #expect(try await world.refusal(world.first) == nil)
        world.oracle.tell(.failure(TrancheError(.sourceUnavailable, "no way")))
        world.bench.clock.advance(by: .seconds(21))
        #expect(try await world.refusal(world.first) == nil)
        #expect(try await world.state.doubter == "one")
        // The same again is no second opinion.
        world.bench.clock.advance(by: .seconds(2))
        #expect(try await world.refusal(world.first) == nil)
        #expect(world.oracle.times == 2)
        world.bench.clock.advance(by: .seconds(40))
        #expect(
            try await world.refusal(world.second)
                == "probe 'up' holds back: cannot be asked: no way"
        )
        world.oracle.tell(.success(ProbeAnswer(isOpen: true, reason: "fine")))
        world.bench.clock.advance(by: .seconds(21))
        #expect(try await world.refusal(world.second) == nil)
        #expect(try await world.state.doubts == 0)
    }

    @Test("One alone is believed the third time")
    func alone() async throws {
        let probe = Probe(
            "up",
            of: .name("b"),
            .http("http://h/up"),
            interval: .seconds(20),
            holdsWhenUnreachable: false
        )
        let world = try await World(probe)
        world.oracle.tell(.failure(TrancheError(.sourceUnavailable, "no way")))
        for time in 1...3 {
            let refusal = try await world.refusal(world.first)
            #expect((refusal == nil) == (time == 3), "\(time): \(refusal ?? "none")")
            world.bench.clock.advance(by: .seconds(11))
        }
        #expect(world.oracle.times == 3)
        #expect(try await world.state.reason == "cannot be asked: no way")
    }

    @Test("Before the first answer, the reason is why it could not be asked")
    func unasked() async throws {
        let world = try await World()
        world.oracle.tell(.failure(TrancheError(.sourceUnavailable, "no way")))
        let words = "probe 'up' holds back: cannot be asked: no way"
        #expect(try await world.refusal(world.first) == words)
        #expect(try await world.state.isOpen == nil)
        world.oracle.tell(.success(ProbeAnswer(isOpen: true, reason: "fine")))
        world.bench.clock.advance(by: .seconds(11))
        #expect(try await world.refusal(world.first) == nil)
        #expect(try await world.state.reason == "fine")
    }

    @Test("A password in what went wrong is not kept")
    func password() async throws {
        let world = try await World()
        let words = "cannot reach http://u:secret@h/up"
        world.oracle.tell(.failure(TrancheError(.sourceUnavailable, words)))
        for _ in 0..<4 {
            _ = try await world.refusal(world.first)
            _ = try await world.refusal(world.second)
            world.bench.clock.advance(by: .seconds(60))
        }
        #expect(try await world.state.reason == "cannot be asked: cannot reach http://u:***@h/up")
    }

    @Test("Who gives no answer in time cannot be reached")
    func late() async throws {
        struct Hanging: Prober {
            let clock: ManualClock

            func canAsk(_ question: ProbeQuestion) -> Bool { true }

            func answer(to question: ProbeQuestion, at now: Date) async throws -> ProbeAnswer {
                try await clock.sleep(for: .seconds(100_000))
                return ProbeAnswer(isOpen: true, reason: "")
            }
        }
        let bench = Workbench(ids: 1...9)
        let prober = Hanging(clock: bench.clock)
        let inventory = World.inventory("one", bench, [prober])
        let probe = Probe("up", of: .name("b"), .http("http://h/up"), timeout: .seconds(3))
        async let error = Self.error(of: inventory, asking: probe)
        // Who asks, and the bound.
        try await bench.clock.waitForSleepers(2)
        bench.clock.advance(by: .seconds(3))
        #expect(await error?.message == "probe 'up' cannot be asked: no answer within 3 s")
    }

    private static func error(of inventory: Inventory, asking probe: Probe) async -> TrancheError? {
        await #expect(throws: TrancheError.self) { try await inventory.ask(probe) }
    }

    @Test(
        "A window opens and closes by the wall clock, also where that is set on or back",
        arguments: [
            ("22:00-06:00", "UTC", "2026-01-01T21:59:59Z", false, "2026-01-01T22:00:00Z"),
            ("22:00-06:00", "UTC", "2026-01-01T22:00:00Z", true, "2026-01-02T06:00:00Z"),
            ("22:00-06:00", "UTC", "2026-01-02T05:59:59Z", true, "2026-01-02T06:00:00Z"),
            ("09:00-17:30", "UTC", "2026-01-02T17:30:00Z", false, "2026-01-03T09:00:00Z"),
            ("09:00-17:30", "Asia/Tokyo", "2026-01-02T00:00:00Z", true, "2026-01-02T08:30:00Z"),
            // 02:30 is left out there on 29 March 2026.
            ("02:30-04:00", "Europe/Berlin", "2026-03-29T00:59:00Z", false, "2026-03-29T01:00:00Z"),
            ("02:30-04:00", "Europe/Berlin", "2026-03-29T01:00:00Z", true, "2026-03-29T02:00:00Z"),
            // And comes twice on 25 October.
            ("01:00-02:30", "Europe/Berlin", "2026-10-24T23:30:00Z", true, "2026-10-25T00:30:00Z"),
            ("02:30-03:00", "Europe/Berlin", "2026-10-25T00:59:00Z", true, "2026-10-25T01:00:00Z"),
            ("22:00-02:30", "Europe/Berlin", "2026-10-25T00:45:00Z", false, "2026-10-25T01:00:00Z"),
            ("22:00-02:30", "Europe/Berlin", "2026-10-25T01:00:00Z", true, "2026-10-25T01:30:00Z"),
        ]
    )
    func window(_ text: String, _ zone: String, _ at: String, _ isOpen: Bool, _ until: String)
        throws
    {
        let window = try TimeWindow(text, zone: zone)
        let answer = window.answer(at: try Date(at, strategy: .iso8601))
        #expect(answer.isOpen == isOpen)
        #expect(answer.until == (try Date(until, strategy: .iso8601)))
        #expect(window.description == "\(text) \(zone)")
    }

    @Test(
        "What is no window is refused",
        arguments: [
            ("22-06", "UTC"), ("24:00-06:00", "UTC"), ("22:00", "UTC"), ("22:00-22:00", "UTC"),
            ("2:00-06:00", "UTC"), ("22:00-06:60", "UTC"), ("22:00-06:00", "Mars/Base"),
            ("", "UTC"),
        ]
    )
    func noWindow(_ text: String, _ zone: String) {
        let error = #expect(throws: TrancheError.self) { try TimeWindow(text, zone: zone) }
        #expect(error?.code == .invalidArgument)
    }
}
