import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheWorkflows

@Suite("Workflows as processes", .timeLimit(.minutes(5)))
struct WorkflowProcessTests {
    /// Fails as often as it was told to.
    private final class Handler: BatchHandler {
        private let failures: Mutex<Int>
        let seen = Mutex<[String]>([])

        init(failing count: Int = 0) { failures = Mutex(count) }

        func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
            seen.withLock { $0.append("\(batch.record.key.run) \(batch.record.idStart)") }
            let fails = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            return fails ? .failed(BatchFailure("not yet")) : .succeeded(BatchSuccess())
        }
    }

    /// A pipeline that loads each file of `raw` in batches.
    private func loading(_ world: PipelineWorld, into place: String) -> String {
        """
        inputs: {raw: {type: directory, folder: '\(world.folder.path("raw"))', quiet: 0s}}
        processes:
          load:
            type: workflow
            reads: file
            workflow:
              job: load-rows
              source: 'csv:any.csv'
              sink: 'jsonl:\(world.folder.path(place))'
              weight: 4
        links: [raw -> load]
        """
    }

    @Test("A file that an event names is loaded in batches, by a run of its own")
    func files() async throws {
        try await withPipelineWorld { world in
            try world.write("id,name\n1,a\n2,b\n3,c\n", to: "raw/a.csv")
            try world.write("id,name\n4,d\n", to: "raw/b.csv")
            // One without anything in it is complete at once.
            try world.write("", to: "raw/c.csv")
            let text = loading(world, into: "out/rows.jsonl")
            let failures = try await world.drain(text)
            #expect(failures == [], "\(failures)")
            #expect(try await world.drain(text) == [])
            #expect(try world.lines(in: "out").count == 4)
            let runs = try await world.inventory.runs(RunSelection(job: "load-rows"))
            #expect(Set(runs.map(\.key.run)) == ["raw/load.1", "raw/load.2", "raw/load.3"])
            let results = try await world.batches("raw/load").compactMap(\.result)
            #expect(results.allSatisfy { $0.contains("load-rows") && $0.contains("complete") })
        }
    }

    @Test("A file without records is complete, though the folder of the output is not there")
    func emptyFile() async throws {
        try await withPipelineWorld { world in
            try world.write("", to: "raw/c.csv")
            let text = loading(world, into: "new/out/rows.jsonl")
            let failures = try await world.drain(text)
            #expect(failures == [], "\(failures)")
            #expect(try await world.batches("raw/load").map(\.status) == [.succeeded])
        }
    }

    @Test("Parameters are members of the event; an attempt that comes again begins nothing new")
    func parameters() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n2\n", to: "rows.csv")
            let handler = Handler(failing: 1)
            let parameters = Mutex<Set<[String: String]>>([])
            var options = WorkflowOptions()
            options.handlers["h"] = { workflow in
                parameters.withLock { _ = $0.insert(workflow.parameters) }
                return handler
            }
            let text = """
                inputs: {in: {type: given, payloads: ['{"day":"2026-11-28","n":7}']}}
                processes:
                  w:
                    type: workflow
                    parameters: {day: payload.day, n: payload.n, what: id}
                    workflow:
                      {job: j, source: 'csv:\(world.folder.path("rows.csv"))', handler: h, count: 1,
                       policy: {max_attempts: 1}}
                links: [{from: in, to: w, max_attempts: 3, backoff: 0s}]
                """
            let failures = try await world.drain(text, options)
            try #require(failures.count == 1)
            #expect(failures[0].contains("complete with failures"), "\(failures)")
            #expect(failures[0].contains("--job j --run in/w.1"))
            #expect(parameters.withLock { $0 } == [["day": "2026-11-28", "n": "7", "what": "0"]])
            // The workflow's own batch first, then the one that waits for it.
            for job in ["j", "in/w"] {
                let failed = try await world.batches(job).filter { $0.status == .failed }
                _ = try await world.inventory.retry(BatchSelection(ids: failed.map(\.id)))
            }
            #expect(try await world.drain(text, options) == [])
            #expect(try await world.inventory.runs(RunSelection(job: "j")).count == 1)
            #expect(try await world.batches("in/w").map(\.status) == [.succeeded])
            #expect(handler.seen.withLock { $0.count } == 3)
        }
    }

    /// A pipeline with a workflow that hands each of some rows to its handler by itself.
    private func rowByRow(_ count: Int, _ world: PipelineWorld) throws -> String {
        let rows = (1...count).map { "\($0)\n" }.joined()
        try world.write("id\n\(rows)", to: "rows.csv")
        return """
            inputs: {in: {type: given, payloads: ['']}}
            processes:
              w:
                type: workflow
                workflow: {job: j, source: 'csv:\(world.folder.path("rows.csv"))', handler: h,
                           count: 1}
            links: [{from: in, to: w, max_attempts: 1}]
            """
    }

    @Test("A stop in the middle of a workflow is no failure, and the next start goes on")
    func stopped() async throws {
        try await withPipelineWorld { world in
            let text = try rowByRow(3, world)
            let stop = StopSource()
            var options = WorkflowOptions()
            options.stop = stop
            options.handlers["h"] = { _ in
                ClosureHandler { _, _ in stop.advance(to: .stopping) }
            }
            let stopped = try world.pipeline(text, options).orchestrator(
                on: world.inventory,
                stop: stop
            )
            try await stopped.drain()
            #expect(try await world.batches("j").map(\.status) == [.succeeded])
            let batch = try #require(try await world.batches("in/w").first)
            #expect(batch.status == .released)
            #expect(batch.failures == 0)
            let rest = Handler()
            options = WorkflowOptions()
            options.handlers["h"] = { _ in rest }
            #expect(try await world.drain(text, options) == [])
            #expect(rest.seen.withLock { $0.count } == 2)
            #expect(try await world.batches("in/w").map(\.status) == [.succeeded])
        }
    }

    @Test("A workflow that somebody pauses is no failure of its event, which comes again later")
    func paused() async throws {
        try await withPipelineWorld { world in
            let text = try rowByRow(2, world)
            var options = WorkflowOptions()
            options.handlers["h"] = { _ in
                ClosureHandler { batch, _ in
                    try await batch.inventory.pause(batch.record.key, reason: "a move")
                }
            }
            let stop = StopSource()
            let orchestrator = try world.pipeline(text, options).orchestrator(
                on: world.inventory,
                stop: stop
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await orchestrator.run() }
                while try await world.batches("in/w").allSatisfy({ $0.status == .running }) {
                    try await Task.sleep(for: .milliseconds(10))
                }
                stop.advance(to: .stopping)
                try await group.waitForAll()
            }
            let batch = try #require(try await world.batches("in/w").first)
            #expect(batch.status == .released)
            #expect(batch.cause == .deferred)
            #expect(batch.failures == 0)
        }
    }

    @Test("One workflow for a batch, which others work on")
    func perBatch() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "rows.csv")
            let text = """
                inputs: {in: {type: given, payloads: ['', '', '']}}
                processes:
                  w:
                    {type: workflow, per: batch, wait: false, workflow: {job: j, handler: h, count: 1,
                     source: 'csv:\(world.folder.path("rows.csv"))'}}
                links: [{from: in, to: w, count: 3}]
                """
            #expect(try await world.drain(text) == [])
            let batch = try await world.batches("in/w")
            let runs = try await world.inventory.runs(RunSelection(job: "j"))
            #expect(runs.map(\.key.run) == ["in/w.\(batch[0].id)"])
            #expect(try await world.batches("j") == [])
        }
    }

    @Test("What a workflow cannot be is said with its place")
    func refused() async throws {
        try await withPipelineWorld { world in
            let workflow = "job: j, source: 'csv:x.csv', handler: h, count: 1"
            for (settings, words) in [
                ("per: batch", "give a workflow, or the file of one"),
                ("file: /no/such.json", "cannot read the workflow"),
                ("workflow: {job: j, source: 'csv:x.csv', handler: h}", "weight"),
                ("workflow: {\(workflow), run: r}", "leave it out"),
                ("workflow: {\(workflow)}, per: batch, reads: file", "leave out 'per: batch'"),
                ("workflow: {\(workflow)}, parameters: {a: ide}", "is not a member of an event"),
                ("workflow: {\(workflow)}, parameters: {1a: id}", "is not a parameter's name"),
                ("workflow: {\(workflow)}, waits: true", "did you mean 'wait'?"),
            ] {
                let found = world.faults(
                    """
                    inputs: {in: {type: directory, folder: x}}
                    processes:
                      w: {type: workflow, \(settings)}
                    links: [in -> w]
                    """
                )
                #expect(found.count == 1, "\(settings): \(found)")
                #expect(found.allSatisfy { $0.hasPrefix("p.yaml:3:") }, "\(found)")
                #expect(found.contains { $0.contains(words) }, "\(settings): \(found)")
            }
        }
    }
}
