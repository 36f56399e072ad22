import Foundation
import Testing

@testable import TrancheCLI

@Suite("What a program would get of the next batch", .timeLimit(.minutes(5)))
struct WorkPreviewTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func show(
        _ bench: CommandLineBench,
        _ options: [String],
        _ program: String...
    ) async -> CommandLineBench.Outcome {
        await bench.run(["work", "--dry-run"] + Self.job + options + ["--"] + program)
    }

    @Test("A new batch is shown with words, variables and lines, and nothing is written")
    func new() async throws {
        let bench = try await CommandLineBench()
        let options = ["--count", "3", "--param", "day=7", "--json"]
        let shown = await show(bench, options, "sh", "-c", "cat")
        #expect(shown.status == .done, "\(shown.errors)")
        for part in [
            #"{"batch":0,"attempt":1,"kind":"incremental","id_start":1,"id_end":3,"count":3,"#,
            #""weight":60,"command":["sh","-c","cat"],"calls":1,"environment":["#,
            #"["TRANCHE_ATTEMPT=1","TRANCHE_BATCH=0","TRANCHE_EXACT=1","TRANCHE_ID_END=3","#,
            #""TRANCHE_ID_START=1","TRANCHE_JOB=j","TRANCHE_KIND=incremental","#,
            #""TRANCHE_PARAM_DAY=7","TRANCHE_RUN="],"input":["#, #""input_complete":true}"#,
        ] {
            #expect(shown.output.contains(part), "\(shown.output)")
        }
        #expect(shown.output.split(separator: "\n").count == 1)
        for table in ["inventory", "inventory_run", "inventory_worker"] {
            #expect(try bench.rows("SELECT count(*) FROM \(table)") == ["0"], "\(table)")
        }
    }

    @Test("Items that are arguments are shown as such, lines as far as they are few")
    func people() async throws {
        let bench = try await CommandLineBench()
        let words = await show(bench, [], "sha256sum", "{}")
        let head = "the next batch is new, and gets its number later: 10 items, ids 1...10, "
        #expect(words.output.hasPrefix(head + "weight 550, attempt 1\n"), "\(words.errors)")
        #expect(words.output.contains("\ncommand\n  [0] sha256sum\n  [1] /data/1\n"))
        #expect(words.output.contains("  [9] /data/9\n  … and 1 more (all with --json)\n"))
        #expect(words.output.hasSuffix("\nstandard input: empty\n"), "\(words.output)")
        let lines = await show(bench, ["--lines"], "cat")
        #expect(lines.output.hasSuffix("  /data/4\n  /data/5\n  …\n"), "\(lines.output)")
        let going = await show(bench, ["--persistent"], "cat")
        #expect(going.output.contains(#"  {"batch":0,"attempt":1,"job":"j""#), "\(going.output)")
        #expect(going.output.contains("  TRANCHE_PERSISTENT=1\n"), "\(going.output)")
    }

    @Test("A batch that was given back comes before new ones")
    func again() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--count", "2"] + Self.job
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("release", "1", "--attempt", "1").status == .done)
        let shown = await show(bench, ["--count", "2"], "cat")
        #expect(
            shown.output.hasPrefix("the next batch is batch 1 once more: 2 items, ids 1...2, "),
            "\(shown.errors)"
        )
        #expect(shown.output.contains("  TRANCHE_ATTEMPT=2\n"))
        #expect(shown.output.contains("  TRANCHE_BATCH=1\n"))
        #expect(try await bench.states() == ["released"])
    }

    @Test("Where nothing would be handed out, that is said, with what is held")
    func none() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run(["acquire"] + Self.job).status == .done)
        let held = await show(bench, ["--json"], "cat")
        #expect(held.status == .nothingNow)
        #expect(held.output == "null\n")
        let words = "nothing would be handed out: 1 batch is held by workers, or not due yet"
        #expect(held.errors.contains(words), "\(held.errors)")
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await show(bench, [], "cat").errors == "tranche: nothing would be handed out\n")
    }

    @Test("What contradicts it, and a program that is not there, is refused")
    func refused() async throws {
        let bench = try await CommandLineBench()
        let follows = await show(bench, ["--follow"], "cat")
        #expect(follows.status == .usage)
        #expect(follows.errors.contains("--dry-run and --follow exclude each other"))
        #expect(await show(bench, [], "no-such-program").status == .usage)
        let bounds = await bench.run(
            ["backfill", "--dry-run", "--run", "r"] + Self.job + ["--", "cat"]
        )
        #expect(bounds.errors.contains("a backfill has bounds"), "\(bounds.errors)")
    }
}
