import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheSQL
import TrancheWorkflows

@Suite("Sources and limits of workflows", .timeLimit(.minutes(5)))
struct WorkflowSourceTests {
    /// The way to a path from the working folder, which nobody may change beside other tests.
    private func relative(_ path: String) -> String {
        let here = ResolvedPath(FileManager.default.currentDirectoryPath).text
        let up = here.split(separator: "/").map { _ in "../" }.joined()
        return up + path.dropFirst()
    }

    private func write(_ rows: Int, to path: String) throws {
        let rows = (0..<rows).map { "\($0),row-\n" }.joined()
        try Data(("id,name\n" + rows).utf8).write(to: URL(filePath: path))
    }

    // MARK: - Watching

    @Test("Who cannot make the sink watches all the same, and waits for the end")
    func watchesWithoutSink() async throws {
        try await withWorkflowWorld { world in
            try await world.database.run("CREATE TABLE people (id TEXT, name TEXT)")
            let json = world.json(#""sink":"table:people""#)
            let handle = try await world.workflows.start(Workflow(json: json))
            // Neither the table's connector nor what it would need.
            let watcher = Workflows(world.inventory, Connectors([FileConnector()]))
            let found = try await watcher.find(job: "load")
            let before = try await found.progress()
            #expect(before.left?.items == 12)
            #expect(before.sourceError == nil)
            _ = try await world.workflows.work(on: handle)
            #expect(try await found.result().ending == .complete)
            #expect(try await found.snapshot().isDone)
        }
    }

    @Test("A source that cannot be opened is told with its reason, and ends the wait for the end")
    func unreachable() async throws {
        try await withWorkflowWorld { world in
            _ = try await world.workflows.start(world.workflow())
            let watcher = Workflows(world.inventory, Connectors([InventoryConnector()]))
            let found = try await watcher.find(job: "load")
            let progress = try await found.progress()
            #expect(progress.left == nil)
            #expect(progress.sourceError?.contains("csv:") == true)
            let error = await #expect(throws: TrancheError.self) { try await found.result() }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains("cannot be known here") == true)
            #expect(error?.message.contains("wait where a worker runs") == true)
            // What needs no source is told all the same.
            try await found.cancel(reason: "not today")
            #expect(try await found.result().ending == .cancelled)
        }
    }

    @Test("The inventory alone knows when a bounded run is at its end")
    func bounded() async throws {
        try await withWorkflowWorld { world in
            let more = #","run":"part","ids":{"lower":8,"upper":40}"#
            let handle = try await world.workflows.start(world.workflow(more))
            let watcher = Workflows(world.inventory, Connectors([InventoryConnector()]))
            let found = try await watcher.find(job: "load", run: "part")
            async let result = found.result()
            _ = try await world.workflows.work(on: handle)
            #expect(try await result.ending == .complete)
        }
    }

    @Test("A bounded run that ends with its source is not waited for by who cannot open that")
    func boundedByItsSource() async throws {
        try await withWorkflowWorld { world in
            let more = #","run":"part","ids":{"lower":8,"upper":4000}"#
            let handle = try await world.workflows.start(world.workflow(more))
            _ = try await world.workflows.work(on: handle)
            #expect(try await handle.result().ending == .complete)
            var configuration = world.inventory.configuration
            configuration.pollInterval = .milliseconds(1)
            let inventory = try await Inventory.open(
                world.database.location,
                configuration: configuration
            )
            let watcher = Workflows(inventory, Connectors([InventoryConnector()]))
            let found = try await watcher.find(job: "load", run: "part")
            let error = await #expect(throws: TrancheError.self) { try await found.result() }
            #expect(error?.message.contains("cannot be known here") == true)
            await inventory.close()
        }
    }

    // MARK: - Identity

    @Test("Paths are kept absolute, whoever reads them next")
    func absolute() async throws {
        try await withWorkflowWorld { world in
            let folder = ResolvedPath(world.folder.path("")).text
            let (source, sink) = (relative("\(folder)/rows.csv"), relative("\(folder)/out.jsonl"))
            let rejects = relative("\(folder)/bad.jsonl")
            let steps = """
                [{"validate":{"schema":{},"rejects":"\(rejects)"}},{"rejects":"\(rejects)"}]
                """
            let workflow = try Workflow(
                json: """
                    {"job":"load","source":"csv:\(source)","weight":16,"steps":\(steps),
                     "sink":"jsonl:\(sink)","snapshots":{"to":"\(relative("\(folder)/snaps"))"}}
                    """
            )
            let handle = try await world.workflows.start(workflow)
            let kept = handle.record.text
            #expect(!kept.contains("../"), "\(kept)")
            for path in ["rows.csv", "out.jsonl", "bad.jsonl", "snaps"] {
                #expect(kept.contains("\(folder)/\(path)"), "\(path) in \(kept)")
            }
            #expect(try await world.workflows.work(on: handle).ending == .complete)
            #expect(try world.lines("out.jsonl").count == 12)
        }
    }

    @Test("A link to the same file is the same source, and the same description")
    func link() async throws {
        try await withWorkflowWorld { world in
            let first = try await world.workflows.start(world.workflow())
            let link = world.folder.path("link.csv")
            try FileManager.default.createSymbolicLink(
                atPath: link,
                withDestinationPath: world.folder.path("rows.csv")
            )
            let json = world.json(#""sink":"jsonl:\#(world.folder.path("out.jsonl"))""#)
            let linked = try Workflow(json: json.replacing("rows.csv", with: "link.csv"))
            let second = try await world.workflows.start(linked)
            #expect(second.record == first.record)
            #expect(try await second.progress().left?.items == 12)
            _ = try await world.workflows.work(on: second)
            #expect(try await first.result().ending == .complete)
        }
    }

    @Test("Another file under the same name is refused, and watched no more")
    func anotherFile() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow())
            _ = try await world.workflows.work(on: handle)
            try write(20, to: world.folder.path("rows.csv"))
            let again = await #expect(throws: TrancheError.self) {
                try await world.workflows.start(world.workflow())
            }
            #expect(again?.code == .redefined)
            let progress = try await handle.progress()
            #expect(progress.left == nil)
            #expect(progress.sourceError?.contains("has changed") == true)
            // Likewise for who has not seen it before.
            let inventory = try await world.database.open()
            let other = Workflows(inventory, Connectors([FileConnector()]))
            let found = try await other.find(job: "load")
            #expect(try await found.progress().left == nil)
            let words = try await found.progress().sourceError
            #expect(words?.contains("another definition") == true, "\(words ?? "")")
            let error = await #expect(throws: TrancheError.self) { try await found.result() }
            #expect(error?.code == .redefined)
            let refused = await #expect(throws: TrancheError.self) {
                try await other.start(world.workflow(into: "out.jsonl"))
            }
            #expect(refused?.code == .redefined)
            await inventory.close()
        }
    }

    @Test("What is kept goes by the digest that it was kept with, however it is spelt")
    func keptDigest() async throws {
        try await withWorkflowWorld { world in
            let workflow = try await world.workflows.check(world.workflow(handler: "one"))
            // As another program may write it: the same, in another order.
            let text = try workflow.text.replacing("{\"handler\"", with: "{ \"handler\"")
            let digest = SHA256.hexadecimal(of: Array(text.utf8))
            #expect(try digest != workflow.digest)
            _ = try await world.inventory.begin(
                BatchRequest(job: "load", policy: workflow.policy),
                from: CSVSource(world.folder.path("rows.csv"))
            ) { _ in WorkflowBeginning(digest: digest, text: text) }
            let handle = try await world.workflows.find(job: "load")
            let options = WorkflowOptions(handlers: ["one": { _ in ClosureHandler { _, _ in } }])
            #expect(try await world.workflows.work(on: handle, options).ending == .complete)
            let again = try await world.workflows.start(world.workflow(handler: "one"))
            #expect(again.record == handle.record)
        }
    }

    // MARK: - Limits

    @Test(
        "Limits are the run's from its beginning, and what cannot be leaves nothing behind",
        arguments: TestDatabase.Backend.available
    )
    func limits(_ backend: TestDatabase.Backend) async throws {
        try await withWorkflowWorld(backend) { world in
            let limits = #","parallelism":2,"budgets":["few"],"share":2.5,"priority":-3"#
            let workflow = try world.workflow(limits)
            await #expect(throws: TrancheError.self) { try await world.workflows.start(workflow) }
            #expect(try await world.inventory.runs().isEmpty)
            try await world.inventory.setBudget("few", BudgetLimits(batches: 3))
            let handle = try await world.workflows.start(workflow, reason: "the night load")
            let run = try await world.inventory.run(RunSelection(handle.key))
            #expect(run.rank == BudgetRank(share: 2.5, priority: -3))
            #expect(try await handle.progress().parallelism == 2)
            let changes = try await world.inventory.changes(.of(.run(handle.key)))
            #expect(
                Set(changes.map(\.what)) == ["parallelism", "budgets", "share", "priority"]
            )
            #expect(changes.allSatisfy { $0.note.reason == "the night load" })
        }
    }

    @Test("What is read ahead by weight is refused of a source without weights")
    func readAhead() async throws {
        try await withWorkflowWorld { world in
            try await world.database.run(
                "CREATE TABLE items (id INTEGER PRIMARY KEY, item TEXT, weight REAL)"
            )
            func json(_ source: String) -> String {
                """
                {"job":"load","source":\(source),"sink":"none","count":5,
                 "stages":{"read_ahead":100}}
                """
            }
            let error = #expect(throws: SpecError.self) {
                try Workflow(json: json(#"{"at":"items","uid":"id","weight_column":""}"#))
            }
            #expect(error?.field == ["stages", "read_ahead"])
            try await world.database.run("CREATE TABLE bare (id INTEGER PRIMARY KEY, item TEXT)")
            let bare = try Workflow(json: json(#"{"at":"bare","uid":"id","item":"item"}"#))
            let words = await #expect(throws: SpecError.self) {
                try await world.workflows.start(bare)
            }
            #expect(words?.field == ["stages", "read_ahead"])
            #expect(words.map { "\($0)".contains("has no weights") } == true)
            let weighed = json(#"{"at":"items","uid":"id","item":"item","weight_column":"weight"}"#)
            _ = try await world.workflows.start(Workflow(json: weighed))
        }
    }

    // MARK: - Rest

    @Test("A rest is a budget's rate of its own, which holds over all processes")
    func rest() async throws {
        try await withWorkflowWorld { world in
            let workflow = try world.workflow(handler: "one").rest(after: 16, for: .seconds(3600))
            #expect(try Workflow(json: workflow.text) == workflow)
            #expect(try workflow.text.contains(#""rest":{"after":16,"for":"1h"}"#))
            let handle = try await world.workflows.start(workflow)
            let budgets = try await world.inventory.budgets(of: handle.key)
            #expect(budgets.count == 1)
            #expect(budgets.first?.owner.name?.hasPrefix("rest:load:") == true)
            #expect(budgets.first?.limits.rate == BudgetRate(perSecond: 16.0 / 3600, burst: 16))
            var options = WorkflowOptions(handlers: ["one": { _ in ClosureHandler { _, _ in } }])
            options.end = .whenNothingIsReady
            let result = try await world.workflows.work(on: handle, options)
            // A batch of two rows weighs 14 or so: the second goes beyond, and is waited for.
            #expect((1...2).contains(result.progress.succeeded.batches))
            #expect(result.ending != .complete)
            // Another rest is another rate of the same budget; none leaves it.
            let other = try world.workflow(handler: "one").rest(after: 1000, for: .seconds(1))
            _ = try await world.workflows.start(other)
            let changed = try await world.inventory.budgets(of: handle.key).first
            #expect(changed?.limits.rate == BudgetRate(perSecond: 1000, burst: 1000))
            _ = try await world.workflows.start(world.workflow(handler: "one"))
            #expect(try await world.inventory.budgets(of: handle.key).isEmpty)
        }
    }

    @Test("A rest is refused beside a budget of its name that says otherwise, or without weights")
    func restRefused() async throws {
        try await withWorkflowWorld { world in
            let workflow = try world.workflow(handler: "one").rest(after: 16, for: .seconds(60))
            let handle = try await world.workflows.start(workflow)
            let name = try #require(
                try await world.inventory.budgets(of: handle.key).first?.owner.name
            )
            try await world.inventory.setBudget(name, BudgetLimits(batches: 1))
            let other = try world.workflow(handler: "one").rest(after: 17, for: .seconds(60))
            let error = await #expect(throws: SpecError.self) {
                try await world.workflows.start(other)
            }
            #expect(error?.field == ["rest"])
            #expect(error.map { "\($0)".contains(name) } == true)
            try await world.database.run("CREATE TABLE bare (id INTEGER PRIMARY KEY, item TEXT)")
            let json = """
                {"job":"bare","source":{"at":"bare","uid":"id","item":"item"},"handler":"one","count":5,
                 "rest":{"after":10,"for":"1s"}}
                """
            let bare = try Workflow(json: json)
            let words = await #expect(throws: SpecError.self) {
                try await world.workflows.start(bare)
            }
            #expect(words?.field == ["rest"])
        }
    }
}
