import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheWorkflows

@Suite("Workflows that run", .timeLimit(.minutes(5)))
struct WorkflowRunTests {
    @Test(
        "A workflow is begun without a batch, found again, worked on and complete",
        arguments: TestDatabase.Backend.available
    )
    func begins(_ backend: TestDatabase.Backend) async throws {
        try await withWorkflowWorld(backend) { world in
            let steps = #","steps":[{"map":{"rename":{"name":"word"}}}]"#
            let begun = try await world.workflows.start(world.workflow(steps))
            #expect(begun.record.generation == 1)
            #expect(try await world.inventory.batches(BatchSelection()).isEmpty)
            let before = try await begun.progress()
            #expect(before.left?.items == 12)
            #expect(before.left?.batches == 6)
            #expect(before.donePercent == 0)
            #expect(before.state == "idle")
            let found = try await world.workflows.find(job: "load")
            #expect(found.record == begun.record)
            let result = try await world.workflows.work(on: found)
            #expect(result.ending == .complete)
            #expect(result.progress.succeeded.items == 12)
            #expect(result.progress.succeeded.batches == 6)
            #expect(result.progress.donePercent == 100)
            #expect(result.progress.state == "complete")
            #expect(try world.lines("out.jsonl").count == 12)
            #expect(try world.lines("out.jsonl")[0] == #"{"id":"10","word":"row-"}"#)
            let batch = try await world.inventory.batch(1)
            #expect(batch.worker == "worker@\(try found.description.digest.prefix(12))")
            #expect(try await found.result().ending == .complete)
        }
    }

    @Test("Who works by an earlier description ends what it has, and gets nothing more")
    func superseded() async throws {
        try await withWorkflowWorld { world in
            let first = try await world.workflows.start(world.workflow(handler: "one"))
            let begins = Latch()
            let goesOn = Latch()
            var options = WorkflowOptions()
            options.handlers["one"] = { _ in
                ClosureHandler { _, _ in
                    begins.open()
                    await goesOn.opens()
                }
            }
            let asked = options
            async let old = world.workflows.work(on: first, asked)
            await begins.opens()
            let second = try await world.workflows.start(world.workflow())
            #expect(second.record.generation == 2)
            goesOn.open()
            #expect(try await old.ending == .superseded(by: 2))
            #expect(try await world.inventory.batch(1).status == .succeeded)
            #expect(try await world.inventory.batches(BatchSelection()).count == 1)
        }
    }

    @Test("The same description, begun again, is the same generation and changes nothing")
    func again() async throws {
        try await withWorkflowWorld { world in
            try await world.inventory.setBudget("few", BudgetLimits(batches: 3))
            let workflow = try world.workflow(#","parallelism":2,"budgets":["few"]"#)
            let handle = try await world.workflows.start(workflow)
            #expect(try await handle.progress().parallelism == 2)
            #expect(try await world.inventory.budgets(of: handle.key).count == 2)
            try await handle.setParallelism(5)
            let again = try await world.workflows.start(workflow)
            #expect(again.record == handle.record)
            #expect(try await again.progress().parallelism == 5)
            #expect(try await again.restoreParallelism() == 2)
            // Another description takes back what it does not say any more.
            let other = try await world.workflows.start(world.workflow())
            #expect(other.record.generation == 2)
            #expect(try await world.inventory.budgets(of: handle.key).isEmpty)
        }
    }

    @Test("What is to be done is said by the fields of the description")
    func fields() async throws {
        try await withWorkflowWorld { world in
            try await world.database.run("CREATE TABLE t (id INTEGER)")
            let table = try Workflow(json: world.json(#""sink":"table:t""#))
            let unknown = await #expect(throws: TrancheError.self) {
                try await world.workflows.start(table)
            }
            let words = unknown?.message ?? ""
            #expect(words.contains("or add columns for them ('add_columns' of the sink)"))
            let path = world.folder.path("broken.csv")
            try Data("id,na\u{1}me\n1,a\n".utf8).write(to: URL(filePath: path))
            let json = #"{"job":"b","source":"csv:\#(path)","sink":"none","weight":16}"#
            let broken = await #expect(throws: TrancheError.self) {
                try await world.workflows.start(Workflow(json: json))
            }
            #expect(broken?.message.contains("with 'encoding'") == true, "\(broken?.message ?? "")")
            // What a batch fails with while it is worked on is told alike.
            try Data("id,name\n1,a\n2\n".utf8).write(to: URL(filePath: path))
            let handle = try await world.workflows.start(Workflow(json: json))
            _ = try await world.workflows.work(on: handle)
            let bad = try await world.inventory.batches(BatchSelection(status: .quarantined))
            let logging = bad.first?.logging ?? ""
            #expect(logging.contains("'fit_ragged' takes such records"), "\(logging)")
        }
    }

    @Test("A workflow that cannot be is refused before anything is kept")
    func refused() async throws {
        try await withWorkflowWorld { world in
            let schema = #","steps":[{"validate":{"schema":{"required":["missing"]}}}]"#
            await #expect(throws: TrancheError.self) {
                try await world.workflows.start(world.workflow(schema))
            }
            let promise = try world.workflow(#","promise":"transactional""#)
            let error = await #expect(throws: SpecError.self) {
                try await world.workflows.start(promise)
            }
            #expect(error?.field == ["promise"])
            let budget = try world.workflow(#","budgets":["none"]"#)
            await #expect(throws: TrancheError.self) { try await world.workflows.start(budget) }
            let unknown = try Workflow(
                json: #"{"job":"a","source":"ftp:x","sink":"none","count":1}"#
            )
            let words = await #expect(throws: SpecError.self) {
                try await world.workflows.start(unknown)
            }
            #expect(words?.field == ["source"])
            #expect(try await world.workflows.list().isEmpty)
        }
    }

    @Test("A handler that this process does not have is named with those that it has")
    func unknownHandler() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow(handler: "two"))
            let options = WorkflowOptions(handlers: ["one": { _ in ClosureHandler { _, _ in } }])
            let error = await #expect(throws: SpecError.self) {
                try await world.workflows.work(on: handle, options)
            }
            let words = "handler 'two' this process has no handler of that name; it has one"
            #expect(error.map { "\($0)" }?.contains(words.suffix(50)) == true)
            // Whoever has not got it can watch and steer all the same.
            try await handle.pause(reason: "for the night")
            #expect(try await handle.progress().reason == "for the night")
            try await handle.resume()
            #expect(try await handle.progress().state == "idle")
        }
    }

    @Test("Parameters reach handlers, and the steps of chains")
    func parameters() async throws {
        try await withWorkflowWorld { world in
            let seen = Mutex<[String]>([])
            let workflow = try world.workflow(handler: "one", #","parameters":{"day":"monday"}"#)
            let maker: WorkflowOptions.HandlerMaker = { workflow in
                ClosureHandler { _, _ in
                    seen.withLock { $0.append(workflow.parameters["day"] ?? "") }
                }
            }
            let handlers = ["one": maker]
            let given = try workflow.with(parameters: ["day": "tuesday"])
            _ = try await world.workflows.run(given, WorkflowOptions(handlers: handlers))
            #expect(seen.withLock { $0 } == Array(repeating: "tuesday", count: 6))
        }
    }

    @Test("Progress tells what failed for good, with its error, and how many ran at once")
    func failures() async throws {
        try await withWorkflowWorld { world in
            let policy = #","workers":3,"policy":{"max_attempts":2,"backoff":"0s"}"#
            let handle = try await world.workflows.start(world.workflow(handler: "one", policy))
            let together = Meeting(3)
            let options = WorkflowOptions(handlers: [
                "one": { _ in
                    ClosureHandler { batch, _ in
                        // The last three: what is tried again later was not there at once.
                        if batch.id >= 4 { await together.join() }
                        if batch.id == 2 { throw TrancheError(.sourceFailed, "no luck") }
                    }
                }
            ])
            let result = try await world.workflows.work(on: handle, options)
            #expect(result.ending == .completeWithFailures)
            #expect(result.progress.failed.batches == 1)
            #expect(result.progress.failures.map(\.batch) == [2])
            #expect(result.progress.failures.first?.error?.contains("no luck") == true)
            #expect(result.progress.mostParallel == 3)
            #expect(abs((result.progress.donePercent ?? 0) - 500 / 6) < 0.01)
            let snapshot = try await handle.snapshot()
            #expect(snapshot.isDone)
            #expect(snapshot.batches.map(\.id) == [1, 2, 3, 4, 5, 6])
            #expect(snapshot.errors.map(\.batch) == [2])
            #expect(snapshot.batches[1].attempt == 2)
        }
    }

    @Test("What is stuck ends a run only where nothing else is left, and is counted apart")
    func stuck() async throws {
        try await withWorkflowWorld { world in
            let policy = #","policy":{"max_attempts":1,"extended_retries":"1h"}"#
            let handle = try await world.workflows.start(world.workflow(handler: "one", policy))
            let stop = StopSource()
            func options(_ stop: StopSource) -> WorkflowOptions {
                var options = WorkflowOptions()
                options.stop = stop
                options.handlers["one"] = { _ in
                    ClosureHandler { batch, _ in
                        if batch.id == 1 { throw TrancheError(.sourceFailed, "no luck") }
                        stop.advance(to: .stopping)
                    }
                }
                return options
            }
            let stopped = try await world.workflows.work(on: handle, options(stop))
            #expect(stopped.progress.state == "idle")
            #expect(stopped.progress.left?.items == 8)
            #expect(stopped.progress.stuck.batches == 1)
            #expect(stopped.progress.failed.batches == 0)
            #expect(stopped.progress.waiting.batches == 0)
            #expect(stopped.progress.failures.first?.error?.contains("no luck") == true)
            // Whoever waits for the end waits for the rest.
            async let result = handle.result()
            var others = WorkflowOptions()
            others.handlers["one"] = { _ in ClosureHandler { _, _ in } }
            #expect(try await world.workflows.work(on: handle, others).progress.state == "stuck")
            #expect(try await result.ending == .completeWithFailures)
            #expect(try await result.progress.succeeded.batches == 5)
        }
    }

    @Test("What is due again waits, what was cancelled or failed for good is counted apart")
    func amounts() async throws {
        try await withWorkflowWorld { world in
            let policy = #","policy":{"max_attempts":2,"backoff":"1h"}"#
            let handle = try await world.workflows.start(world.workflow(handler: "one", policy))
            let stop = StopSource()
            var options = WorkflowOptions()
            options.stop = stop
            options.handlers["one"] = { _ in
                ClosureHandler { batch, _ in
                    if batch.id == 3 { stop.advance(to: .stopping) }
                    throw TrancheError(.sourceFailed, "no luck")
                }
            }
            _ = try await world.workflows.work(on: handle, options)
            try await world.inventory.cancel(batch: 1)
            let progress = try await handle.progress()
            #expect(progress.waiting.batches == 2)
            #expect(progress.waiting.items == 4)
            #expect(progress.cancelled.batches == 1)
            #expect(progress.failed == WorkflowProgress.Amount())
            #expect(progress.failures.isEmpty)
        }
    }

    @Test("A cancelled workflow ends as such, and goes on when it is resumed")
    func cancelled() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow())
            try await handle.cancel(reason: "not today")
            #expect(try await handle.progress().state == "cancelled")
            #expect(try await handle.progress().reason == "not today")
            #expect(try await world.workflows.work(on: handle).ending == .cancelled)
            #expect(try await handle.result().ending == .cancelled)
            try await handle.resume(reason: "today")
            #expect(try await world.workflows.work(on: handle).ending == .complete)
        }
    }

    @Test("A run with a batch that was given back is not complete")
    func givenBack() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow(handler: "one"))
            let stop = StopSource()
            var options = WorkflowOptions()
            options.stop = stop
            options.handlers["one"] = { _ in
                ClosureHandler { batch, _ in
                    guard batch.id == 6 else { return }
                    stop.advance(to: .ending)
                    try await Task.sleep(for: .seconds(60))
                }
            }
            let result = try await world.workflows.work(on: handle, options)
            #expect(result.ending == .stopped)
            #expect(result.progress.waiting.batches == 1)
            #expect(result.progress.state == "idle")
        }
    }

    @Test("The result waits for whoever works on the run")
    func result() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow(handler: "one"))
            let goesOn = Latch()
            let options = WorkflowOptions(handlers: [
                "one": { _ in ClosureHandler { _, _ in await goesOn.opens() } }
            ])
            async let worked = world.workflows.work(on: handle, options)
            async let result = handle.result()
            goesOn.open()
            #expect(try await result.progress.succeeded.batches == 6)
            #expect(try await worked.ending == .complete)
        }
    }
}
