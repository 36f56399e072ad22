import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheOrchestrator
import TrancheSQL
import TrancheTestKit

@Suite("Jobs that run a process of the pipeline", .timeLimit(.minutes(2)))
struct JobProcessTests {
    /// What a process was given, and when it is to fail.
    private final class Seen: Sendable {
        let events = Mutex<[Event]>([])
        let fails = Mutex(false)
    }

    private struct Refusal: Error {}

    /// Reads a file whose processes note what they are given.
    private func pipeline(_ text: String, _ seen: Seen) throws -> Pipeline {
        var types = PipelineTypes.standard(PipelineWorld.connectors)
        types.processes["note"] = { settings in
            ClosureProcess(settings.name) { event in
                if seen.fails.withLock({ $0 }) { throw Refusal() }
                seen.events.withLock { $0.append(event) }
            }
        }
        return try Pipeline(text: text, file: "p.yaml", types: types)
    }

    private func drain(_ text: String, _ inventory: Inventory, _ seen: Seen) async throws
        -> [String]
    {
        let orchestrator = try pipeline(text, seen).orchestrator(
            on: inventory,
            with: PipelineMeans(connectors: PipelineWorld.connectors)
        )
        try await orchestrator.drain()
        let status = orchestrator.status
        #expect(status.links.allSatisfy { $0.running == 0 })
        return status.jobs.map { "\($0.name) \($0.succeeded) \($0.failed)" }
    }

    @Test("The process runs on each item as an event, of the job and of a backfill beside a link")
    func runs() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("rows.csv")
            try Data("a\n1\n2\n3\n".utf8).write(to: URL(filePath: path))
            let inventory = Inventory(store: MemoryInventoryStore())
            let seen = Seen()
            let text = """
                inputs: {hand: {type: inventory, job: load}}
                processes: {p: {type: note}, q: {type: note}}
                links: [hand -> q]
                jobs:
                  load: {source: "csv:\(path)", count: 2, process: p, workers: 1}
                  again: {job: load, run: may, ids: {upper: 5}, source: "csv:\(path)", count: 2,
                          process: p}
                """
            #expect(try await drain(text, inventory, seen) == ["load 2 0", "load (may) 1 0"])
            let events = seen.events.withLock { $0 }
            #expect(events.filter { $0.trigger == "load" }.count >= 4)
            let first = try #require(events.first)
            #expect(first.location == "csv:\(path)")
            #expect(first.operation == .create)
            #expect(Int64(first.id) != nil)
            // What the job has completed is there for an input of the same file, at once.
            #expect(events.count { $0.trigger == "hand" } == 3)
            #expect(try await drain(text, inventory, seen) == ["load 0 0", "load (may) 0 0"])
            #expect(seen.events.withLock { $0.count { $0.trigger == "hand" } } == 3)
        }
    }

    @Test("A drain goes on with what its jobs have completed, and misses a job only at its end")
    func drainsOn() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("rows.csv")
            try Data("a\n1\n2\n".utf8).write(to: URL(filePath: path))
            let inventory = Inventory(store: MemoryInventoryStore())
            let seen = Seen()
            var types = PipelineTypes.standard(PipelineWorld.connectors)
            types.processes["note"] = { settings in
                ClosureProcess(settings.name) { event in
                    seen.events.withLock { $0.append(event) }
                }
            }
            let text = """
                inputs:
                  done: {type: inventory, job: load}
                  never: {type: inventory, job: nothing}
                processes: {p: {type: note}, q: {type: note}}
                links: [done -> q, never -> q]
                jobs:
                  load: {source: "csv:\(path)", count: 5, process: p}
                """
            let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
            let orchestrator = try pipeline.orchestrator(
                on: inventory,
                with: PipelineMeans(connectors: PipelineWorld.connectors)
            )
            try await orchestrator.drain()
            let triggers = seen.events.withLock { $0.map(\.trigger) }
            #expect(triggers.first == "load")
            #expect(triggers.count { $0 == "done" } == 1)
            var told: [String] = []
            for await error in orchestrator.errors { told.append(error.part) }
            #expect(told == ["never/q"])
        }
    }

    @Test("A process that fails fails the job's batch, which is tried again as its policy says")
    func fails() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("rows.csv")
            try Data("a\n1\n".utf8).write(to: URL(filePath: path))
            let inventory = Inventory(store: MemoryInventoryStore())
            let seen = Seen()
            let text = """
                processes: {p: {type: note}}
                jobs:
                  load: {source: "csv:\(path)", count: 2, process: p, policy: {max_attempts: 1}}
                """
            seen.fails.withLock { $0 = true }
            #expect(try await drain(text, inventory, seen) == ["load 0 1"])
            seen.fails.withLock { $0 = false }
            _ = try await inventory.retry(BatchSelection(runs: RunSelection(job: "load")))
            #expect(try await drain(text, inventory, seen) == ["load 1 0"])
            #expect(seen.events.withLock { $0.count } == 1)
        }
    }

    @Test(
        "A bounded job goes on without a restart with what is retried, or is tried again by itself",
        arguments: [true, false]
    )
    func goesOn(isRetried: Bool) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("rows.csv")
            try Data("a\n1\n".utf8).write(to: URL(filePath: path))
            let clock = ManualClock()
            var configuration = Inventory.Configuration(clock: clock)
            configuration.store.now = { clock.date }
            let store = MemoryInventoryStore(clock: clock)
            let inventory = Inventory(store: store, configuration: configuration)
            let seen = Seen()
            seen.fails.withLock { $0 = true }
            let policy = "max_attempts: 1, lease: 1h" + (isRetried ? "" : ", extended_retries: 5m")
            let text = """
                processes: {p: {type: note}}
                jobs:
                  load: {run: may, ids: {upper: 1000}, source: "csv:\(path)", count: 2,
                         process: p, workers: 1, policy: {\(policy)}}
                """
            let stop = StopSource()
            let orchestrator = try pipeline(text, seen).orchestrator(
                on: inventory,
                stop: stop,
                with: PipelineMeans(connectors: PipelineWorld.connectors)
            )
            let runs = RunSelection(job: "load", run: "may")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await orchestrator.run() }
                let failed = BatchSelection(runs: runs, status: .failed)
                while try await inventory.batches(failed).isEmpty {
                    try await Task.sleep(for: .milliseconds(5))
                }
                // The job has come to its end, and waits for the next look.
                try await clock.waitForSleepers(1)
                seen.fails.withLock { $0 = false }
                if isRetried { _ = try await inventory.retry(BatchSelection(runs: runs)) }
                for _ in 0..<1000 where seen.events.withLock({ $0.isEmpty }) {
                    try await clock.waitForSleepers(1)
                    clock.advance(by: .seconds(60))
                    try await Task.sleep(for: .milliseconds(5))
                }
                stop.advance(to: .stopping)
                try await group.waitForAll()
            }
            #expect(seen.events.withLock { $0.count } == 1)
        }
    }

    @Test("While a batch of a bounded job is stuck, the job goes on with what is new")
    func goesOnBesideStuck() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("rows.csv")
            let file = URL(filePath: path)
            try Data("a\n1\n".utf8).write(to: file)
            let clock = ManualClock()
            var configuration = Inventory.Configuration(clock: clock)
            configuration.store.now = { clock.date }
            let store = MemoryInventoryStore(clock: clock)
            let inventory = Inventory(store: store, configuration: configuration)
            let seen = Seen()
            seen.fails.withLock { $0 = true }
            let text = """
                processes: {p: {type: note}}
                jobs:
                  load: {run: may, ids: {upper: 1000}, source: {at: "csv:\(path)", follow: true},
                         count: 1, process: p, workers: 1,
                         policy: {max_attempts: 1, lease: 1h, extended_retries: 300d}}
                """
            let stop = StopSource()
            let orchestrator = try pipeline(text, seen).orchestrator(
                on: inventory,
                stop: stop,
                with: PipelineMeans(connectors: PipelineWorld.connectors)
            )
            let runs = RunSelection(job: "load", run: "may")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await orchestrator.run() }
                let failed = BatchSelection(runs: runs, status: .failed)
                while try await inventory.batches(failed).isEmpty {
                    try await Task.sleep(for: .milliseconds(5))
                }
                // The job has come to its end, and waits for the next look.
                try await clock.waitForSleepers(1)
                seen.fails.withLock { $0 = false }
                let handle = try FileHandle(forWritingTo: file)
                try handle.seekToEnd()
                try handle.write(contentsOf: Data("2\n".utf8))
                try handle.close()
                for _ in 0..<1000 where seen.events.withLock({ $0.isEmpty }) {
                    clock.advance(by: .seconds(60))
                    try await Task.sleep(for: .milliseconds(5))
                }
                stop.advance(to: .stopping)
                try await group.waitForAll()
            }
            #expect(seen.events.withLock { $0.count } == 1)
            let batches = try await inventory.batches(BatchSelection(runs: runs))
            #expect(batches.map(\.status) == [.succeeded, .failed])
            #expect(batches.last?.cause == .stuck)
        }
    }

    @Test("Events of no operation that the input gives are left out, as over a link")
    func operations() async throws {
        try await withTemporaryFolder { folder in
            let inventory = Inventory(store: MemoryInventoryStore())
            let seen = Seen()
            let log = InputLog(of: "files", in: inventory)
            for (id, operation) in [("a", Event.Operation.update), ("b", .create), ("c", .update)] {
                try await log.append(Event(location: "/srv", operation: operation, id: id))
            }
            let text = """
                inputs:
                  files: {type: directory, folder: '\(folder.url.path)', operations: [create]}
                processes: {put: {type: note}}
                jobs:
                  again: {job: files/put, source: "input:files", run: replay,
                          ids: {lower: 1, upper: 3}, count: 2, process: put}
                """
            #expect(try await drain(text, inventory, seen) == ["files/put (replay) 2 0"])
            #expect(seen.events.withLock { $0.map(\.id) } == ["b"])
        }
    }

    @Test("The events of a link come again as they were, in a backfill over their log")
    func replays() async throws {
        let inventory = Inventory(store: MemoryInventoryStore())
        let seen = Seen()
        let log = InputLog(of: "files", in: inventory)
        var event = Event(location: "/srv", operation: .update, id: "/srv/a.csv")
        event.payload = #"{"size":3}"#
        try await log.append(event)
        let text = """
            processes: {put: {type: note}}
            jobs:
              again: {job: files/put, source: "input:files", run: replay,
                      ids: {lower: 1, upper: 1}, count: 1, process: put}
            """
        #expect(try await drain(text, inventory, seen) == ["files/put (replay) 1 0"])
        event.trigger = "files"
        #expect(seen.events.withLock { $0 } == [event])
    }

    @Test("A job over the log of an input that is not there is refused before anything runs")
    func noLog() async throws {
        let inventory = Inventory(store: MemoryInventoryStore())
        let seen = Seen()
        for (inputs, words) in [
            ("", "there is no log of an input 'orders' in memory"),
            (
                "inputs: {orders: {type: postgresql, url: 'postgresql://h/shop', tables: [t]}}\n",
                "it is tranche.event_orders in the database of its tables"
            ),
            (
                "inputs: {orders: {type: inventory, job: load}}\n",
                "in the inventory, which keeps no events of it"
            ),
        ] {
            let text = """
                processes: {put: {type: note}}
                jobs:
                  again: {source: "input:orders", count: 1, process: put}
                """
            let error = await #expect(throws: TrancheError.self) {
                try await drain(inputs + text, inventory, seen)
            }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        #expect(try await inventory.inputLogs() == [])
        #expect(try await inventory.runs(RunSelection(job: "again")) == [])
    }

    @Test("A job may begin over the log of an input of its file before there is an event")
    func newLog() async throws {
        let inventory = Inventory(store: MemoryInventoryStore())
        let text = """
            inputs: {nightly: {type: schedule, cron: '0 2 * * *'}}
            processes: {put: {type: note}}
            jobs:
              again: {source: "input:nightly", count: 1, process: put}
            """
        var types = PipelineTypes.standard(PipelineWorld.connectors)
        types.processes["note"] = { settings in ClosureProcess(settings.name) { _ in } }
        let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
        let means = PipelineMeans(connectors: PipelineWorld.connectors)
        try await pipeline.orchestrator(on: inventory, with: means).check()
        #expect(try await inventory.inputLogs().map(\.name) == ["nightly"])
        #expect(try await drain(text, inventory, Seen()) == ["again 0 0"])
    }

    @Test("A chain over the records of files reads them again in such a backfill")
    func replaysFiles() async throws {
        try await withPipelineWorld { world in
            try world.write("id,name\n1,a\n", to: "raw/a.csv")
            try await world.database.run("CREATE TABLE \(world.table) (id INTEGER, name TEXT)")
            let text = """
                inputs: {raw: {type: directory, folder: '\(world.folder.path("raw"))', quiet: 0s}}
                processes: {put: {type: chain, records: file, sink: 'table:\(world.table)'}}
                links: [raw -> put]
                """
            #expect(try await world.drain(text) == [])
            let job = """

                jobs:
                  again: {job: raw/put, source: "input:raw", run: replay,
                          ids: {lower: 1, upper: 1}, count: 1, process: put}
                """
            let pipeline = try world.pipeline(text + job)
            let orchestrator = try pipeline.orchestrator(
                on: world.inventory,
                with: PipelineMeans(connectors: PipelineWorld.connectors)
            )
            try await orchestrator.drain()
            let part = try #require(orchestrator.status.jobs.first)
            #expect(part.succeeded == 1, "\(part.error ?? "")")
            #expect(part.failed == 0)
            let rows = try await world.database.column(
                "SELECT id, name FROM \(unsafeRaw: world.table)"
            )
            #expect(rows == ["1|a", "1|a"])
        }
    }
}
