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
        try bench.execute(
            "UPDATE inventory SET job = '\(name)'; UPDATE inventory_run SET job = '\(name)';"
        )
        let work = await bench.run(["work", "--job", name] + count + ["--", "true"])
        #expect(work.status == .done, "\(work.errors)")
        // Nothing was begun anew.
        let batches = try bench.rows("SELECT batch_id_start FROM inventory ORDER BY id")
        #expect(batches == ["1", "5", "9"])
        #expect(try bench.rows("SELECT count(*) FROM inventory_run") == ["1"])
    }
}
