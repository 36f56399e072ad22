import Foundation
import Testing

@testable import TrancheCLI

@Suite("Names that older programs gave")
struct OldNameTests {
    @Test("A job goes on whose name no new one is given", arguments: ["j ", "..", "a\tb"])
    func goesOn(_ name: String) async throws {
        let bench = try await CommandLineBench()
        let count = ["--meta", "files", "--count", "4"]
        #expect(await bench.run(["acquire", "--job", "j"] + count).status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        try rename(bench, to: name)
        let work = await bench.run(["work", "--job", name] + count + ["--", "true"])
        #expect(work.status == .done, "\(work.errors)")
        // Nothing was begun anew.
        let batches = try bench.rows("SELECT batch_id_start FROM inventory ORDER BY id")
        #expect(batches == ["1", "5", "9"])
        #expect(try bench.rows("SELECT count(*) FROM inventory_run") == ["1"])
    }

    @Test("A load of such a name goes on, and loads new files", arguments: ["j ", "..", "a\tb"])
    func loads(_ name: String) async throws {
        let bench = try await CommandLineBench()
        for file in ["a.csv", "b.csv"] { try bench.write("id\n1\n2\n", to: file) }
        let (one, other) = (bench.path("a.csv"), bench.path("b.csv"))
        #expect(await bench.run("load", one, "--to", "none", "--job", "j").status == .done)
        try rename(bench, to: name)
        let again = await bench.run("load", one, other, "--to", "none", "--job", name)
        #expect(again.status == .done, "\(again.errors)")
        let runs = "SELECT count(*), count(DISTINCT job) FROM inventory_run"
        #expect(try bench.rows(runs) == ["2|1"])
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["2"])
    }

    @Test("A workflow is begun over a run of such a name", arguments: ["j ", "..", "a\tb"])
    func startsWorkflow(_ name: String) async throws {
        let bench = try await CommandLineBench()
        let job = try String(decoding: JSONEncoder().encode(name), as: UTF8.self)
        let more = #""source":"files","count":4,"program":["true"]}"#
        try bench.write("{\"job\":\(job),\(more)", to: "w.json")
        let start = ["workflow", "start", bench.path("w.json")]
        let refused = await bench.run(start)
        #expect(refused.status == .usage, "\(refused.errors)")
        #expect(try bench.rows("SELECT count(*) FROM inventory_run") == ["0"])
        let count = ["--meta", "files", "--count", "4"]
        #expect(await bench.run(["acquire", "--job", "j"] + count).status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        try rename(bench, to: name)
        let begun = await bench.run(start)
        #expect(begun.status == .done, "\(begun.errors)")
        #expect(await bench.run("workflow", "work", "--job", name).status == .done)
        #expect(try bench.rows("SELECT count(*) FROM inventory_run") == ["1"])
    }

    /// Gives the job a name that no new one is given.
    private func rename(_ bench: CommandLineBench, to name: String) throws {
        try bench.execute(
            "UPDATE inventory SET job = '\(name)'; UPDATE inventory_run SET job = '\(name)';"
        )
    }
}
