import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite("Tasks in groups", .timeLimit(.minutes(10)))
struct TaskTests {
    struct Broken: Error, CustomStringConvertible {
        let description = "it broke"
    }

    /// Which tasks ran, in order.
    final class Diary: Sendable {
        private let names = Mutex<[String]>([])

        var entries: [String] { names.withLock { $0 } }

        func task(_ name: String, failing: Bool = false) -> TaskPlan {
            .task(name) { context in
                self.names.withLock { $0.append(context.path) }
                if failing { throw Broken() }
                return Counters(["done": 1])
            }
        }
    }

    private func statuses(_ report: TaskReport) -> [String] {
        ["\(report.name) \(report.status.rawValue)"] + report.children.flatMap(statuses)
    }

    @Test(
        "Groups run in order, and counts add up",
        arguments: TestDatabase.Backend.available
    )
    func runsGroups(backend: TestDatabase.Backend) async throws {
        try await withPipelineWorld(backend) { world in
            let diary = Diary()
            let plan = TaskPlan.group(
                "nightly",
                [
                    diary.task("a"),
                    .group("inner", [diary.task("b"), diary.task("c")]),
                    .parallelGroup("both", [diary.task("d"), diary.task("e")]),
                ]
            )
            let report = try await plan.run(through: world.inventory, run: "one")
            #expect(report.isSuccess)
            #expect(report.counters["done"] == 5)
            #expect(
                diary.entries.prefix(3) == ["nightly/a", "nightly/inner/b", "nightly/inner/c"]
            )
            #expect(
                Set(diary.entries.suffix(2)) == ["nightly/both/d", "nightly/both/e"]
            )
            let runs = try await world.inventory.summaries()
            #expect(
                Set(runs.map(\.run.key.job))
                    == [
                        "nightly/a", "nightly/inner/b", "nightly/inner/c", "nightly/both/d",
                        "nightly/both/e",
                    ]
            )
            #expect(
                runs.allSatisfy {
                    $0.run.key.metaTable == "tasks:nightly" && $0.run.key.run == "one"
                }
            )
        }
    }

    @Test("A task that fails ends its group, and what was done before counts")
    func aborts() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let plan = TaskPlan.group(
                "p",
                [
                    diary.task("a"), diary.task("b", failing: true),
                    .group("c", [diary.task("d")]),
                ]
            )
            let report = try await plan.run(through: world.inventory, run: "one")
            #expect(
                statuses(report) == [
                    "p failed", "a succeeded", "b failed", "c aborted", "d aborted",
                ]
            )
            #expect(report.counters["done"] == 1)
            #expect(report.error == "b: it broke")
            #expect(diary.entries == ["p/a", "p/b"])
        }
    }

    @Test("A group may go on although a task failed, and is failed in the end")
    func goesOn() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let plan = TaskPlan.group(
                "p",
                abortsOnFailure: false,
                [diary.task("a", failing: true), diary.task("b"), diary.task("c", failing: true)]
            )
            let report = try await plan.run(through: world.inventory, run: "one")
            #expect(statuses(report) == ["p failed", "a failed", "b succeeded", "c failed"])
            #expect(report.error == "a: it broke | c: it broke")
            #expect(report.counters["done"] == 1)
        }
    }

    @Test(
        "Tasks at once: one that fails leaves out those that have not begun, and waits for the others"
    )
    func abortsParallel() async throws {
        try await withPipelineWorld { world in
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            let slow = TaskPlan.task("slow") { _ in
                for await _ in gate { break }
                return Counters(["slow": 1])
            }
            let failing = TaskPlan.task("failing") { _ in throw Broken() }
            // Neither may be waited for in vain.
            let late = TaskPlan.task("late") { _ in
                opening.yield()
                return Counters()
            }
            let plan = TaskPlan.parallelGroup("p", width: 2, [slow, failing, late])
            let report = try await plan.run(through: world.inventory, run: "one") { report in
                if report.children[2].status == .aborted { opening.yield() }
            }
            #expect(
                statuses(report) == [
                    "p failed", "slow succeeded", "failing failed", "late aborted",
                ]
            )
            #expect(report.counters["slow"] == 1)
        }
    }

    @Test("Run again under its name, a plan goes on with what did not succeed")
    func resumes() async throws {
        try await withPipelineWorld { world in
            let first = Diary()
            let plan = { (diary: Diary, isBroken: Bool) in
                TaskPlan.group(
                    "p",
                    [diary.task("a"), diary.task("b", failing: isBroken), diary.task("c")]
                )
            }
            _ = try await plan(first, true).run(through: world.inventory, run: "one")
            // A task that failed is offered again as any batch is.
            let key = RunKey(metaTable: "tasks:p", job: "p/b", run: "one")
            _ = try await world.inventory.retry(BatchSelection(runs: RunSelection(key)))
            let second = Diary()
            let report = try await plan(second, false).run(through: world.inventory, run: "one")
            #expect(report.isSuccess)
            #expect(second.entries == ["p/b", "p/c"])
            #expect(report.children.map(\.wasDoneBefore) == [true, false, false])
            #expect(report.counters["done"] == 3)
            let third = Diary()
            let other = try await plan(third, false).run(through: world.inventory, run: "two")
            #expect(other.isSuccess && third.entries.count == 3)
        }
    }

    @Test("A plan that gets a task goes on, and so do its later runs")
    func grows() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let before = TaskPlan.group("p", [diary.task("a"), diary.task("c", failing: true)])
            _ = try await before.run(through: world.inventory, run: "one")
            let key = RunKey(metaTable: "tasks:p", job: "p/c", run: "one")
            _ = try await world.inventory.retry(BatchSelection(runs: RunSelection(key)))
            let after = TaskPlan.group("p", [diary.task("a"), diary.task("b"), diary.task("c")])
            for run in ["one", "two"] {
                let report = try await after.run(through: world.inventory, run: run)
                #expect(report.isSuccess, "\(report.error ?? "")")
            }
            #expect(diary.entries == ["p/a", "p/c", "p/b", "p/c", "p/a", "p/b", "p/c"])
        }
    }

    @Test("A task that succeeded stays done when its batch is packed")
    func packed() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let plan = TaskPlan.group("p", [diary.task("a"), diary.task("b")])
            _ = try await plan.run(through: world.inventory, run: "one")
            var packed = 0
            while packed < 2 { packed += try await world.inventory.compact(keep: .zero).batches }
            let report = try await plan.run(through: world.inventory, run: "one")
            #expect(report.isSuccess, "\(report.error ?? "")")
            #expect(report.children.map(\.wasDoneBefore) == [true, true])
            #expect(diary.entries == ["p/a", "p/b"])
        }
    }

    /// Counts the searches for the batches of an item.
    private final class SearchedStore: ForwardingStore {
        let base: any InventoryStore
        private let count = Mutex(0)

        var searches: Int { count.withLock { $0 } }

        init(_ base: any InventoryStore) { self.base = base }

        func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord] {
            count.withLock { $0 += 1 }
            return try await base.batches(holding: id, of: metaTable)
        }
    }

    @Test("A task whose newest batch succeeded is not searched for in the archive")
    func searches() async throws {
        let store = SearchedStore(MemoryInventoryStore())
        let inventory = Inventory(store: store)
        let diary = Diary()
        let plan = TaskPlan.group("p", [diary.task("a"), diary.task("b")])
        for _ in 0..<2 {
            let report = try await plan.run(through: inventory, run: "one")
            #expect(report.isSuccess, "\(report.error ?? "")")
        }
        #expect(diary.entries == ["p/a", "p/b"])
        #expect(store.searches == 0)
    }

    @Test("A task that was quarantined and then redriven ends as its new batch did")
    func redriven() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let policy = RunPolicy(maxAttempts: 1, onExhausted: .split)
            let broken = TaskPlan.group("p", [diary.task("a", failing: true)])
            let first = try await broken.run(
                through: world.inventory,
                run: "one",
                policy: policy
            )
            #expect(!first.isSuccess)
            let redriven = try await world.inventory.redrive(BatchSelection())
            #expect(redriven.count == 1)
            let plan = TaskPlan.group("p", [diary.task("a")])
            // Once more when the new one is packed, and the one that it was made of is left.
            for times in 1...2 {
                let report = try await plan.run(
                    through: world.inventory,
                    run: "one",
                    policy: policy
                )
                #expect(report.isSuccess, "\(report.error ?? "") at run \(times)")
                #expect(diary.entries == ["p/a", "p/a"])
                var packed = times - 1
                while packed < 1 {
                    packed += try await world.inventory.compact(keep: .zero).batches
                }
            }
        }
    }

    @Test("Two processes that run a plan at once run each task once")
    func sharesTasks() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let plan = TaskPlan.parallelGroup("p", (1...6).map { diary.task("t\($0)") })
            var configuration = Inventory.Configuration(store: world.database.configuration())
            configuration.pollInterval = .milliseconds(10)
            let other = try await Inventory.open(
                world.database.location,
                configuration: configuration
            )
            async let one = plan.run(through: other, run: "one")
            async let two = plan.run(through: other, run: "one")
            let reports = try await [one, two]
            #expect(reports.allSatisfy { $0.isSuccess && $0.counters["done"] == 6 })
            #expect(diary.entries.count == 6)
            await other.close()
        }
    }

    @Test("A chain is a task whose batches are a job's, and counts while it runs")
    func runsChains() async throws {
        try await withPipelineWorld { world in
            let sink = MemorySink()
            let rows = (1...300).map { "\($0),name of \($0)\n" }.joined()
            let path = try world.write("id,name\n" + rows, to: "rows.csv")
            let chain = Chain(reading: CSVSource(path)).write(to: sink)
            let seen = Mutex<Set<Int>>([])
            let plan = TaskPlan.group("p", [.chain("load", chain, weight: 1000)])
            let report = try await plan.run(through: world.inventory, run: "one") { report in
                let count = report.counters[CounterName.written]
                seen.withLock { _ = $0.insert(count) }
            }
            #expect(report.isSuccess)
            #expect(report.counters[CounterName.written] == 300)
            #expect(seen.withLock { $0.count } > 3)
            #expect(sink.records.count == 300)
        }
    }

    @Test("A cancelled plan gives its task back")
    func cancels() async throws {
        try await withPipelineWorld { world in
            let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
            let (never, _) = AsyncStream.makeStream(of: Void.self)
            let plan = TaskPlan.group(
                "p",
                [
                    .task("a") { _ in
                        beginning.yield()
                        for await _ in never {}
                        try Task.checkCancellation()
                        return Counters()
                    }
                ]
            )
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await plan.run(through: world.inventory, run: "one") }
                for await _ in begun { break }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            let batches = try await world.inventory.store.batches(BatchSelection())
            #expect(batches.map(\.status) == [.released])
        }
    }

    @Test("Names that cannot be told apart are refused")
    func badNames() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            for plan in [
                TaskPlan.group("p", [diary.task("a"), diary.task("a")]),
                TaskPlan.group("", [diary.task("a")]), TaskPlan.group("p", [diary.task("a/b")]),
                TaskPlan.parallelGroup("p", width: 0, [diary.task("a")]),
            ] {
                await #expect(throws: TrancheError.self) {
                    try await plan.run(through: world.inventory, run: "one")
                }
            }
            await #expect(throws: TrancheError.self) {
                try await diary.task("a").run(through: world.inventory, run: "")
            }
        }
    }

    @Test("The tree shows names, states, counts and errors")
    func prints() async throws {
        try await withPipelineWorld { world in
            let diary = Diary()
            let plan = TaskPlan.group(
                "p",
                abortsOnFailure: false,
                [.group("g", [diary.task("a")]), diary.task("b", failing: true)]
            )
            let lines = Mutex("")
            let printer = TaskTreePrinter(isTerminal: false) { text in lines.withLock { $0 += text }
            }
            let report = try await plan.run(
                through: world.inventory,
                run: "one",
                onChange: printer.show
            )
            let tree = report.tree.replacing(#/ +[0-9]+\.[0-9] s/#, with: "")
            let expected = """
                p  failed
                ├─ g  succeeded
                │  └─ a  succeeded  done 1
                └─ b  failed  it broke

                """
            #expect(tree == expected)
            let told = lines.withLock { $0 }.replacing(#/after [0-9.]+ s/#, with: "")
            #expect(told.contains("starting p\nstarting p/g\nstarting p/g/a\np/g/a succeeded"))
            #expect(told.contains("p/b failed : it broke"))
            #expect(told.hasSuffix("p failed \n"))
            let drawn = Mutex<[String]>([])
            let drawing = TaskTreePrinter(isTerminal: true) { text in
                drawn.withLock { $0.append(text) }
            }
            drawing.show(report)
            drawing.show(report)
            #expect(drawn.withLock { $0 } == [report.tree, "\u{1B}[4A\u{1B}[0J" + report.tree])
        }
    }

    @Test("A terminal that can do nothing is not drawn on")
    func dumbTerminal() {
        #expect(!TaskTreePrinter.canDraw(in: ["TERM": "dumb"]))
        #expect(!TaskTreePrinter.canDraw(in: ["TERM": ""]))
        #expect(TaskTreePrinter.canDraw(in: ["TERM": "xterm"]))
        #expect(TaskTreePrinter.canDraw(in: [:]))
    }
}
