import Foundation
import Testing

@testable import TrancheCLI

@Suite("Inputs on the command line", .timeLimit(.minutes(5)))
struct InputTests {
    private static let text = """
        inputs:
          nightly: {type: schedule, cron: '0 2 * * *'}
        processes: {p: {type: program, command: [sh, -c, 'cat >> OUT']}}
        links: [nightly -> p]
        """

    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let text = Self.text.replacing("OUT", with: bench.path("out"))
        try bench.write(text, to: "p.yaml")
        return bench
    }

    /// Two in the morning, the day before yesterday.
    private var missed: String {
        let day = Date().addingTimeInterval(-2 * 86_400).formatted(.iso8601).prefix(10)
        return "\(day)T02:00:00Z"
    }

    @Test("The event of a schedule is given by hand, once, and worked on as any")
    func run() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        let unknown = await bench.run("input", "run", "nightly")
        #expect(unknown.status == .failed || unknown.status == .usage)
        #expect(unknown.errors.contains("no applied pipeline has an input 'nightly'"))
        let applied = await bench.run("apply", file)
        #expect(applied.status == .done, "\(applied.errors)")
        let looked = await bench.run("input", "run", "nightly", "--dry-run")
        #expect(looked.output.contains("would be given"), "\(looked)")
        let now = await bench.run("input", "run", "nightly", "--reason", "the report is late")
        #expect(now.status == .done, "\(now.errors)")
        #expect(now.output.contains("is given, as event 1"), "\(now.output)")
        let slot = ["input", "run", "nightly", "--at", missed]
        let first = await bench.run(slot + ["--pipeline", file, "--json"])
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.output.contains(#""outcome":"added","number":2,"dry_run":false"#))
        let second = await bench.run(slot)
        #expect(second.status == .nothingNow)
        #expect(second.output.contains("was given before, as event 2"), "\(second.output)")
        let drained = await bench.run("run", file, "--drain")
        #expect(drained.status == .done, "\(drained.errors)")
        let seen = try String(contentsOfFile: bench.path("out"), encoding: .utf8)
        #expect(seen.contains(#""reason":"the report is late""#), "\(seen)")
        #expect(seen.contains(#""by":"worker-1""#), "\(seen)")
        #expect(seen.contains(#""id":"\#(missed.dropLast()).000Z""#), "\(seen)")
    }

    @Test("What cannot be given by hand is refused, with what can be")
    func refused() async throws {
        let bench = try await bench()
        let file = ["--pipeline", bench.path("p.yaml")]
        let between = ["input", "run", "nightly", "--at", "2026-01-01T03:00:00Z"]
        let odd = await bench.run(between + file)
        #expect(odd.errors.contains("is no time of '0 2 * * * (UTC)'"), "\(odd.errors)")
        let other = await bench.run("input", "list", "--at", "2026-01-01")
        #expect(other.status == .usage)
        let ago = await bench.run(["input", "run", "nightly", "--at", "2h"] + file)
        #expect(ago.status == .usage)
        let none = await bench.run(["input", "run", "weekly"] + file)
        #expect(none.status == .usage)
        #expect(none.errors.contains("has no input 'weekly'"))
    }

    @Test("A job over the log of an input that is not there is refused, and makes none")
    func noLog() async throws {
        let bench = try await bench()
        func job(_ command: String, _ input: String) async -> CommandLineBench.Outcome {
            let words = [command, "--job", "j", "--meta", "input:\(input)", "--count", "1"]
            return await bench.run(words + (command == "work" ? ["--", "true"] : []))
        }
        for command in ["work", "acquire", "plan"] {
            let refused = await job(command, "nightli")
            #expect(refused.status != .done && refused.status != .nothingNow, "\(command)")
            for words in [
                "there is no log of an input 'nightli'", "'tranche input list' lists what there is",
                "give --meta-db URL --meta tranche.event_nightli --uid id",
            ] {
                #expect(refused.errors.contains(words), "\(command): \(refused.errors)")
            }
        }
        #expect(await bench.run("input", "list").errors.contains("there is no input yet"))
        // A link makes the log of its input as it begins.
        let drained = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(drained.status == .done, "\(drained.errors)")
        let near = await job("acquire", "nightli")
        #expect(near.errors.contains("did you mean 'nightly'?"), "\(near.errors)")
        let known = await job("acquire", "nightly")
        #expect(!known.errors.contains("there is no log"), "\(known.errors)")
        #expect(known.status == .done || known.status == .nothingNow, "\(known)")
    }

    @Test("The list has the inputs of applied pipelines that are kept elsewhere")
    func list() async throws {
        let bench = try await CommandLineBench()
        let none = await bench.run("input", "list")
        #expect(none.errors.contains("there is no input yet"))
        try bench.write(
            """
            inputs:
              orders: {type: postgresql, url: 'postgresql://localhost/shop', tables: [orders]}
            processes: {p: {type: program, command: [cat]}}
            links: [orders -> p]
            """,
            to: "p.yaml"
        )
        let applied = await bench.run("apply", bench.path("p.yaml"))
        #expect(applied.status == .done, "\(applied.errors)")
        let list = await bench.run("input", "list")
        #expect(list.status == .done)
        #expect(list.output.hasPrefix("orders: postgresql, of pipeline 'p'; its log is in"))
        #expect(!list.errors.contains("there is no input yet"), "\(list.errors)")
        let json = await bench.run("input", "show", "orders", "--json")
        #expect(json.output.contains(#""name":"orders","type":"postgresql","pipeline":"p""#))
    }
}
