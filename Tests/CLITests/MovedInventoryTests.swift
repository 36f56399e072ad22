import Foundation
import Testing

@testable import TrancheCLI

/// Jobs over the events of inputs and over pages, whose inventory is somewhere else now.
@Suite(.timeLimit(.minutes(10))) struct MovedInventoryTests {
    /// A bench whose pipeline has run on a file, and whose job over pages has taken one.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write(
            """
            inputs: {u: {type: directory, folder: "\(bench.path("in"))", quiet: 0s}}
            processes: {p: {type: program, command: [cat]}}
            links: [u -> p]
            """,
            to: "p.yaml"
        )
        try bench.write("x", to: "in/a")
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        try #require(run.status == .done, "\(run.errors)")
        let pages = ["acquire", "--job", "j", "--meta", "pages:p", "--first", "x", "--count", "1"]
        let acquired = await bench.run(pages)
        try #require(acquired.status == .done, "\(acquired.errors)")
        return bench
    }

    private let acquire = ["acquire", "--job", "j", "--meta", "pages:p", "--count", "1"]

    @Test("The export of a job over events says that these do not come with it")
    func exported() async throws {
        let bench = try await bench()
        let file = bench.path("job.jsonl")
        let export = ["export", file, "--job", "u/p"]
        let exported = await bench.run(export)
        #expect(exported.status == .done, "\(exported.errors)")
        let events = "the events of input 'u'"
        #expect(exported.output.contains(" in all; without \(events)"), "\(exported.output)")
        let words = "\(events), which job 'u/p' takes, are not in the file"
        #expect(exported.errors.contains(words), "\(exported.errors)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(!text.contains(#"{"event":"#), "\(text)")
        let json = await bench.run(export + ["--overwrite", "--json"])
        #expect(json.output.contains(#""missing":["\#(events)"]"#), "\(json.output)")
        // All of it has the events, and lacks nothing.
        let whole = await bench.run("export", file, "--overwrite", "--json")
        #expect(whole.output.contains(#""missing":[]"#), "\(whole.output)")
    }

    @Test("A moved inventory takes its links and its pages along")
    func move() async throws {
        let bench = try await bench()
        try bench.execute("VACUUM INTO '\(bench.path("moved.db"))'")
        let elsewhere = ["TRANCHE_INVENTORY": "sqlite:\(bench.path("moved.db"))"]
        let run = ["run", bench.path("p.yaml"), "--drain"]
        let refused = await bench.run(run, environment: elsewhere)
        #expect(refused.status == .failed)
        #expect(
            refused.errors.contains("'tranche redefine --job u/p --meta input:u --database'"),
            "\(refused.errors)"
        )
        let pages = await bench.run(acquire, environment: elsewhere)
        #expect(
            pages.errors.contains("'tranche redefine --job j --meta pages:p --database'"),
            "\(pages.errors)"
        )
        let all = ["redefine", "--all", "--database"]
        let moved = await bench.run(all, environment: elsewhere)
        #expect(moved.status == .done, "\(moved.errors)")
        #expect(moved.output.contains("job 'u/p' on 'input:u' changed"), "\(moved.output)")
        #expect(moved.output.contains("job 'j' on 'pages:p' changed"), "\(moved.output)")
        try bench.write("y", to: "in/b")
        let again = await bench.run(run, environment: elsewhere)
        #expect(again.status == .done, "\(again.errors)")
        #expect(again.errors.contains("done: 1 batch, 1 item"), "\(again.errors)")
        let next = await bench.run(acquire, environment: elsewhere)
        #expect(!next.errors.contains("another definition"), "\(next.errors)")
        #expect(await bench.run(all, environment: elsewhere).status == .nothingNow)
    }

    @Test("Each job moves by itself, too, and all those of one database")
    func moveOne() async throws {
        let bench = try await bench()
        try bench.execute("VACUUM INTO '\(bench.path("moved.db"))'")
        let elsewhere = ["TRANCHE_INVENTORY": "sqlite:\(bench.path("moved.db"))"]
        let one = ["redefine", "--job", "u/p", "--database"]
        let moved = await bench.run(one, environment: elsewhere)
        #expect(moved.status == .done, "\(moved.errors)")
        #expect(moved.output.contains("  database: "), "\(moved.output)")
        let run = await bench.run(["run", bench.path("p.yaml"), "--drain"], environment: elsewhere)
        #expect(run.status == .done, "\(run.errors)")
        let others = ["redefine", "--from-database", "sqlite:\(bench.path("tranche.db"))"]
        let rest = await bench.run(others, environment: elsewhere)
        #expect(rest.output.contains("job 'j' on 'pages:p' changed"), "\(rest.errors)")
        #expect(!rest.output.contains("job 'u/p'"), "\(rest.output)")
    }

    @Test("An imported inventory goes on with its links and its pages")
    func transfer() async throws {
        let bench = try await bench()
        let file = bench.path("all.jsonl")
        #expect(await bench.run("export", file).status == .done)
        let other = try await CommandLineBench()
        let imported = await other.run("import", file)
        #expect(imported.status == .done, "\(imported.errors)")
        try bench.write("y", to: "in/b")
        let run = await other.run("run", bench.path("p.yaml"), "--drain")
        #expect(run.status == .done, "\(run.errors)")
        #expect(run.errors.contains("done: 1 batch, 1 item"), "\(run.errors)")
        let next = await other.run(acquire)
        #expect(!next.errors.contains("another definition"), "\(next.errors)")
        let all = await other.run("redefine", "--all", "--database")
        #expect(all.status == .nothingNow, "\(all.output)")
    }

    @Test("A link without its events, whose numbers others would get, is not gone on with")
    func withoutEvents() async throws {
        let bench = try await bench()
        let file = bench.path("link.jsonl")
        #expect(await bench.run("export", file, "--job", "u/p").status == .done)
        let other = try await CommandLineBench()
        #expect(await other.run("import", file).status == .done)
        let all = await other.run("redefine", "--all", "--database")
        #expect(all.status == .failed)
        #expect(all.errors.contains("there is no input 'u'"), "\(all.errors)")
        let one = await other.run("redefine", "--job", "u/p", "--database")
        #expect(one.errors.contains("there is no input 'u'"), "\(one.errors)")
    }
}
