import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite("What an alert tells when")
struct AlertStateTests {
    private let start = Date(timeIntervalSince1970: 1_000_000)
    private let again = Duration.seconds(3600)

    private func told(
        _ state: inout AlertState,
        _ isOn: Bool,
        at seconds: Double,
        fails: Bool = false
    ) -> AlertState.Event? {
        let now = start.addingTimeInterval(seconds)
        state.observe(isOn, at: now, again: again)
        guard let event = state.claim(at: now) else { return nil }
        if fails { state.failed(at: now) } else { state.told(event, at: now) }
        return event
    }

    @Test("A condition is told when it begins, from time to time, and once when it is over")
    func whole() {
        var state = AlertState()
        #expect(told(&state, false, at: 0) == nil)
        #expect(told(&state, true, at: 15) == .began)
        #expect(state.since == start.addingTimeInterval(15))
        #expect(told(&state, true, at: 30) == nil)
        #expect(told(&state, true, at: 3614) == nil)
        #expect(told(&state, true, at: 3615) == .again)
        #expect(told(&state, true, at: 3630) == nil)
        #expect(told(&state, false, at: 3645) == .over)
        #expect(told(&state, false, at: 9999) == nil)
        #expect(state.since == nil)
        #expect(told(&state, true, at: 10_000) == .began)
    }

    @Test("What could not be told is tried again, later each time")
    func retries() {
        var state = AlertState()
        #expect(told(&state, true, at: 0, fails: true) == .began)
        #expect(told(&state, true, at: 29) == nil)
        #expect(told(&state, true, at: 30, fails: true) == .began)
        #expect(told(&state, true, at: 89) == nil)
        #expect(told(&state, true, at: 90, fails: true) == .began)
        for _ in 0..<20 { state.failed(at: start) }
        #expect(state.nextAt == start.addingTimeInterval(900))
    }

    @Test("Of what nobody was told, nobody is told that it is over")
    func neverTold() {
        var state = AlertState()
        #expect(told(&state, true, at: 0, fails: true) == .began)
        #expect(told(&state, false, at: 60) == nil)
        #expect(state.since == nil)
        // An end that was not told yet, and is none any more.
        #expect(told(&state, true, at: 70) == .began)
        #expect(told(&state, false, at: 80, fails: true) == .over)
        #expect(told(&state, true, at: 85) == nil)
        #expect(state.since == start.addingTimeInterval(70))
    }

    @Test("Who has taken something to tell has time to tell it")
    func claims() {
        var state = AlertState()
        state.observe(true, at: start, again: again)
        #expect(state.claim(at: start) == .began)
        #expect(state.claim(at: start.addingTimeInterval(119)) == nil)
        #expect(state.claim(at: start.addingTimeInterval(120)) == .began)
    }

    @Test("A lag is how long something has been there that is not done")
    func lag() {
        var state = AlertState()
        func lag(_ done: Int64, _ highest: Int64, at seconds: Double) -> Duration {
            state.lag(
                done: done,
                highest: highest,
                bound: .seconds(100),
                at: start.addingTimeInterval(seconds)
            )
        }
        #expect(lag(5, 5, at: 0) == .zero)
        #expect(lag(5, 10, at: 10) == .zero)
        #expect(lag(7, 12, at: 50) == .seconds(40))
        // What was there at 10 is done, and what was there at 50 is not.
        #expect(lag(10, 20, at: 90) == .seconds(40))
        #expect(lag(11, 99, at: 500) == .seconds(450))
        #expect(lag(99, 99, at: 501) == .zero)
        #expect(state.marks == nil)
        // A file's end is behind its last record.
        #expect(lag(99, 120, at: 510) == .zero)
        #expect(lag(115, 115, at: 600) == .zero)
        #expect(state.marks == nil)
    }
}

@Suite("Alerts of a pipeline", .timeLimit(.minutes(2)))
struct AlertTests {
    /// A job of one event that has failed for good, in an inventory whose time stands still.
    private final class Scene: Sendable {
        let clock = ManualClock()
        let store: MemoryInventoryStore
        let inventory: Inventory
        let notes = Mutex<[String]>([])

        init() async throws {
            store = MemoryInventoryStore(clock: clock)
            inventory = Self.inventory(store, clock, "w")
            _ = try await inventory.append(
                [LoggedEvent(identity: "1", content: "{}")],
                to: "in"
            )
        }

        private static func inventory(
            _ store: MemoryInventoryStore,
            _ clock: ManualClock,
            _ worker: String
        ) -> Inventory {
            Inventory(
                store: store,
                configuration: .init(
                    store: StoreConfiguration(now: { clock.date }),
                    worker: worker,
                    clock: clock
                )
            )
        }

        func inventory(of worker: String) -> Inventory { Self.inventory(store, clock, worker) }

        func request(_ attempts: Int = 1) -> BatchRequest {
            BatchRequest(
                job: "in/p",
                limit: .count(1),
                policy: RunPolicy(maxAttempts: attempts)
            )
        }

        func fail() async throws {
            let answer = try await inventory.acquire(request(), from: InputLogSource("in"))
            guard case .batch(let batch) = answer else { throw NoBatch() }
            _ = try await batch.fail("cannot reach postgresql://u:pw@h/d")
        }

        func succeed() async throws {
            _ = try await inventory.retry(BatchSelection(runs: RunSelection(job: "in/p")))
            let answer = try await inventory.acquire(request(), from: InputLogSource("in"))
            guard case .batch(let batch) = answer else { throw NoBatch() }
            try await batch.succeed()
        }

        func watch(
            _ url: String,
            on conditions: [PipelineAlert.Condition] = [.failed],
            jobs: [String] = [],
            as name: String = "ops",
            of worker: String = "w",
            over source: String = "in",
            inputs: [AlertWatch.Input] = []
        ) -> AlertWatch {
            var alert = PipelineAlert(name, to: .webhook(.variable("HOOK")), on: conditions)
            alert.jobs = jobs
            let inventory = inventory(of: worker)
            return AlertWatch(
                pipeline: "p",
                alerts: [alert],
                inventory: inventory,
                sender: AlertSender(credentials: Credentials(["HOOK": url]), program: nil),
                jobs: [
                    AlertWatch.Job(name: "in/p") {
                        try await inventory.source(InputLogSource(source))
                    }
                ],
                inputs: inputs,
                note: { [self] error in notes.withLock { $0.append("\(error)") } }
            )
        }
    }

    private struct NoBatch: Error {}

    /// What is wrong with an input, as a test changes it.
    private final class Trouble: Sendable {
        let now: Mutex<PartTrouble?>

        init(_ trouble: PartTrouble) { now = Mutex(trouble) }
    }

    private func decode(_ request: LocalHTTPServer.Request) throws -> AlertDocument {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            try Date(
                try decoder.singleValueContainer().decode(String.self),
                strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            )
        }
        return try decoder.decode(AlertDocument.self, from: Data(request.body))
    }

    private func events(_ server: LocalHTTPServer) throws -> [String] {
        try server.requests.map { request in
            try decode(request).event.rawValue
        }
    }

    @Test("Of several who look, one tells, and once")
    func once() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            let watches = (0..<4).map { _ in scene.watch(server.url + "/secret") }
            func look() async {
                await withTaskGroup(of: Void.self) { group in
                    for watch in watches { group.addTask { await watch.look() } }
                }
            }
            await look()
            #expect(server.requests.count == 0)
            try await scene.fail()
            await look()
            await look()
            #expect(try events(server) == ["began"])
            scene.clock.advance(by: .seconds(4 * 3600))
            await look()
            #expect(try events(server) == ["began", "again"])
            try await scene.succeed()
            await look()
            await look()
            #expect(try events(server) == ["began", "again", "over"])
            #expect(scene.notes.withLock { $0 } == [])
        }
    }

    @Test("What is sent says what is wrong, without credentials")
    func document() async throws {
        try await withHTTPServer({ _, _ in .init(204) }) { server in
            let scene = try await Scene()
            try await scene.fail()
            await scene.watch(server.url).look()
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.headers["content-type"] == "application/json")
            let key = try #require(request.headers["idempotency-key"])
            #expect(key.count == 64 && key.allSatisfy(\.isHexDigit))
            let told = try decode(request)
            #expect(told.pipeline == "p")
            #expect(told.job == "in/p")
            #expect(told.meta == "input:in")
            #expect(told.condition == "failed")
            #expect(told.since == scene.clock.date)
            #expect(told.counts == AlertDocument.Counts(failed: 1))
            #expect(told.error?.contains("cannot reach postgresql://u:***@h/d") == true)
        }
    }

    @Test("A receiver that fails is told of, and told again later")
    func failing() async throws {
        try await withHTTPServer({ _, count in .init(count == 0 ? 503 : 200) }) { server in
            let scene = try await Scene()
            try await scene.fail()
            let watch = scene.watch(server.url + "/services/SECRET")
            await watch.look()
            let notes = scene.notes.withLock { $0 }
            #expect(notes.count == 1)
            #expect(notes[0].contains("answered 503; it is tried again in 30s"), "\(notes)")
            #expect(!notes[0].contains("SECRET"), "\(notes)")
            await watch.look()
            #expect(server.requests.count == 1)
            scene.clock.advance(by: .seconds(30))
            await watch.look()
            #expect(try events(server) == ["began", "began"])
            // Told again, it is the same to whoever knows the first.
            #expect(Set(server.requests.map { $0.headers["idempotency-key"] }).count == 1)
        }
    }

    @Test("Nobody who is not reached holds up anything, and no place is told")
    func unreachable() async throws {
        let scene = try await Scene()
        try await scene.fail()
        await scene.watch("http://127.0.0.1:1/SECRET").look()
        let notes = scene.notes.withLock { $0 }
        #expect(notes.count == 1)
        #expect(notes[0].contains("was not reached"), "\(notes)")
        #expect(!notes[0].contains("SECRET"), "\(notes)")
    }

    @Test("A job that is paused, and one that lags, are told of; others are not")
    func conditions() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            let watch = scene.watch(server.url, on: [.held, .lag(.seconds(600)), .stuck])
            let other = scene.watch(server.url, on: [.held], jobs: ["in/q"])
            try await scene.fail()
            _ = try await scene.inventory.append(
                [LoggedEvent(identity: "2", content: "{}")],
                to: "in"
            )
            let key = RunKey(metaTable: "input:in", job: "in/p", run: "")
            try await scene.inventory.pause(key, reason: "a move")
            await watch.look()
            await other.look(endsOthers: false)
            scene.clock.advance(by: .seconds(601))
            await watch.look()
            let told = try server.requests.map {
                try decode($0)
            }
            #expect(told.map(\.condition) == ["held", "lag"])
            #expect(told.first?.reason == "paused: a move")
            #expect(told.last?.lagSeconds == 601)
        }
    }

    @Test("Of two bounds of a lag each is told by itself, and once")
    func twoBounds() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            let watch = scene.watch(server.url, on: [.lag(.seconds(300)), .lag(.seconds(3600))])
            try await scene.fail()
            _ = try await scene.inventory.append(
                [LoggedEvent(identity: "2", content: "{}")],
                to: "in"
            )
            await watch.look()
            scene.clock.advance(by: .seconds(600))
            for _ in 0..<6 {
                await watch.look()
                scene.clock.advance(by: .seconds(15))
            }
            #expect(try events(server) == ["began"])
            scene.clock.advance(by: .seconds(3600))
            await watch.look()
            let told = try server.requests.map { try decode($0) }
            #expect(told.map(\.condition) == ["lag above 5m", "lag above 1h"])
            #expect(told.map(\.event) == [.began, .began])
        }
    }

    @Test("What a job has begun over another source does not lag")
    func otherSource() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            try await scene.fail()
            for number in 1...3 {
                let event = LoggedEvent(identity: "\(number)", content: "{}")
                _ = try await scene.inventory.append([event], to: "other")
            }
            let watch = scene.watch(server.url, on: [.lag(.seconds(60))], over: "other")
            await watch.look()
            scene.clock.advance(by: .seconds(600))
            await watch.look()
            #expect(server.requests.count == 0)
        }
    }

    @Test("An input that fails again and again is told of, with its error, and when it is well")
    func brokenInput() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            let error = "no postgresql://u:pw@h/d"
            let trouble = Trouble(PartTrouble(failures: 2, since: scene.clock.date, error: error))
            let input = AlertWatch.Input(name: "in") { trouble.now.withLock { $0 } }
            let conditions: [PipelineAlert.Condition] = [.failed, .held, .lag(.seconds(60))]
            let watch = scene.watch(server.url, on: conditions, inputs: [input])
            let other = scene.watch(server.url, jobs: ["in/p"], as: "other", inputs: [input])
            await watch.look()
            #expect(server.requests.count == 0)
            trouble.now.withLock { $0?.failures = 3 }
            await watch.look()
            await other.look(endsOthers: false)
            await watch.look()
            let told = try server.requests.map { try decode($0) }
            #expect(told.map(\.event) == [.began])
            #expect(told.first?.input == "in")
            #expect(told.first?.worker == "w")
            #expect(told.first?.job == "")
            #expect(told.first?.meta == "input:in")
            #expect(told.first?.counts == nil)
            #expect(told.first?.error == "no postgresql://u:***@h/d")
            // It gives nothing for longer than the alert's bound.
            scene.clock.advance(by: .seconds(61))
            await watch.look()
            trouble.now.withLock { $0 = nil }
            await watch.look()
            let all = try server.requests.map { try decode($0) }
            #expect(
                all.map { "\($0.condition) \($0.event)" }.sorted()
                    == ["failed began", "failed over", "lag began", "lag over"]
            )
            #expect(all.first { $0.condition == "lag" }?.lagSeconds == 61)
            #expect(scene.notes.withLock { $0 } == [])
        }
    }

    @Test("What an alert that is taken out of the file has told is told to be over, once")
    func takenOut() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            try await scene.fail()
            await scene.watch(server.url).look()
            // The process with the older file may still be there at the first look.
            let newer = scene.watch(server.url, as: "night")
            await newer.look(endsOthers: false)
            #expect(try events(server) == ["began", "began"])
            await newer.look()
            await newer.look()
            let told = try server.requests.map { try decode($0) }
            #expect(told.map(\.event) == [.began, .began, .over])
            #expect(told.last?.alert == "ops")
            #expect(told.last?.job == "in/p")
            #expect(told.last?.counts == nil)
            #expect(told.last?.reason == "the alert is not in the pipeline's file any more")
            // Put back, it begins anew.
            await scene.watch(server.url).look(endsOthers: false)
            #expect(try decode(try #require(server.requests.last)).event == .began)
        }
    }

    @Test("A condition or a job that an alert names no longer is over; what lasts is not")
    func narrowed() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            try await scene.fail()
            let key = RunKey(metaTable: "input:in", job: "in/p", run: "")
            try await scene.inventory.pause(key, reason: "a move")
            await scene.watch(server.url, on: [.failed, .held]).look()
            await scene.watch(server.url, on: [.failed]).look()
            let told = try server.requests.map { try decode($0) }
            #expect(told.filter { $0.event == .over }.map(\.condition) == ["held"])
            await scene.watch(server.url, on: [.failed], jobs: ["in/q"]).look()
            #expect(try decode(try #require(server.requests.last)).condition == "failed")
            #expect(try decode(try #require(server.requests.last)).event == .over)
        }
    }

    @Test("What only a process that is gone has seen is told to be over by another, later")
    func goneProcess() async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let scene = try await Scene()
            let since = scene.clock.date
            let broken = AlertWatch.Input(name: "in") { PartTrouble(failures: 9, since: since) }
            let well = AlertWatch.Input(name: "in") { nil }
            let first = scene.watch(server.url, of: "first", inputs: [broken])
            let second = scene.watch(server.url, of: "second", inputs: [well])
            await first.look()
            await second.look()
            #expect(try events(server) == ["began"])
            // The first is still there.
            for _ in 0..<5 {
                scene.clock.advance(by: .seconds(200))
                await first.look()
                await second.look()
            }
            #expect(try events(server) == ["began"])
            scene.clock.advance(by: .seconds(299))
            await second.look()
            #expect(try events(server) == ["began"])
            scene.clock.advance(by: .seconds(1))
            await second.look()
            #expect(try events(server) == ["began", "over"])
            let last = try decode(try #require(server.requests.last))
            #expect(last.worker == "first")
            #expect(last.reason == "the process first is gone")
        }
    }
}

@Suite("When a part of an orchestrator is broken")
struct PartTroubleTests {
    @Test("It is broken after three failures in a row, until it has run for a minute")
    func trouble() {
        let clock = ManualClock()
        let reports = OrchestratorReports(
            now: { clock.date },
            keptErrors: 9,
            onBatch: nil,
            completed: { _ in }
        )
        let start = clock.date
        func fail(after seconds: Int) {
            reports.set("in", .running)
            clock.advance(by: .seconds(seconds))
            reports.failed("in")
            reports.set("in", .waiting)
        }
        #expect(reports.trouble(of: "in") == nil)
        fail(after: 0)
        fail(after: 1)
        #expect(reports.trouble(of: "in")?.isLasting == false)
        fail(after: 1)
        #expect(reports.trouble(of: "in")?.isLasting == true)
        #expect(reports.trouble(of: "in")?.since == start)
        reports.set("in", .running)
        clock.advance(by: .seconds(59))
        #expect(reports.trouble(of: "in")?.isLasting == true)
        clock.advance(by: .seconds(1))
        #expect(reports.trouble(of: "in") == nil)
        reports.failed("in")
        reports.set("in", .waiting)
        #expect(reports.trouble(of: "in")?.failures == 1)
        // One that is asked for once has no restart.
        reports.set("in", .stopped)
        #expect(reports.trouble(of: "in")?.isLasting == true)
    }
}
