import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("What a terminal shows", .timeLimit(.minutes(10)))
struct TerminalTests {
    /// Runs the program with its standard error on a terminal.
    private func run(
        _ arguments: [String],
        _ environment: [String: String],
        on terminal: PseudoTerminal
    ) async throws -> Int32 {
        let running = try RunningProgram(
            Executable.tranche.path,
            arguments,
            environment,
            errors: terminal.program
        )
        return await running.outcome().code
    }

    @Test("Bar, percent, what runs and the time left are drawn on one line")
    func bar() async throws {
        let bench = try await CommandLineBench()
        let terminal = try PseudoTerminal(width: 120)
        let script = "cat > /dev/null; sleep 0.6"
        let arguments = ["work", "--job", "j", "--meta", "files", "--count", "2", "--workers", "2"]
        let code = try await run(
            arguments + ["--", "sh", "-c", script],
            bench.environment,
            on: terminal
        )
        #expect(code == 0)
        #expect(await eventually { terminal.text.contains("done: 5 batches") })
        let lines = terminal.lines
        #expect(lines.contains { $0.hasPrefix("[====................] 0 % ") }, "\(lines)")
        #expect(lines.contains { $0.contains("2 running") }, "\(lines)")
        let middle = #/^\[#+=*\.*\] \d+ % 2 batches, .*ETA \d/#
        #expect(lines.contains { $0.contains(middle) }, "\(lines)")
        #expect(lines.allSatisfy { $0.count < 120 })
        #expect(!lines.contains { $0.contains("succeeded") })
    }

    @Test("A status that is watched fits the screen, and is drawn in one piece")
    func watch() async throws {
        let bench = try await CommandLineBench()
        for job in 1...30 {
            let acquired = await bench.run(
                "acquire",
                "--job",
                "j\(job)",
                "--meta",
                "files",
                "--count",
                "1"
            )
            #expect(acquired.status == .done, "\(acquired.errors)")
        }
        let terminal = try PseudoTerminal(width: 120)
        let running = try RunningProgram(
            Executable.tranche.path,
            ["status", "--watch", "--every", "10ms"],
            bench.environment,
            output: terminal.program
        )
        let clear = "\u{1B}[H\u{1B}[J"
        #expect(await eventually { terminal.text.components(separatedBy: clear).count > 4 })
        kill(running.number, SIGINT)
        let outcome = await running.outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        // What stands before the first is nothing, and the last may be cut by the end.
        let frames = terminal.text.components(separatedBy: clear).dropFirst().dropLast()
        for frame in frames {
            let lines = frame.split(separator: "\r\n", omittingEmptySubsequences: false)
            #expect(lines.count == 24, "\(lines)")
            #expect(frame.contains("items waiting"))
            #expect(frame.contains("11 more runs (--all)"), "\(frame)")
        }
    }

    @Test("On a terminal that can do nothing but write, nothing is drawn")
    func dumb() async throws {
        let bench = try await CommandLineBench()
        let environment = bench.environment.merging(["TERM": "dumb"]) { $1 }
        let (work, status) = try (PseudoTerminal(width: 120), PseudoTerminal(width: 120))
        let words = ["work", "--job", "j", "--meta", "files", "--count", "5", "--", "cat"]
        #expect(try await run(words, environment, on: work) == 0)
        #expect(await eventually { work.text.contains("done: 2 batches") })
        #expect(work.text.contains("batch 1 succeeded"), "\(work.text)")
        let running = try RunningProgram(
            Executable.tranche.path,
            ["status", "--watch", "--every", "10ms"],
            environment,
            output: status.program
        )
        #expect(await eventually { status.text.components(separatedBy: "WAITING").count > 3 })
        kill(running.number, SIGINT)
        #expect(await running.outcome().code == 0)
        let audit = await bench.run(
            ["audit", "--job", "j"],
            environment: ["TERM": "dumb"],
            errors: TextWriter(isTerminal: true)
        )
        for text in [work.text, status.text, audit.errors] {
            #expect(!text.contains("\u{1B}"), "\(text)")
        }
    }

    @Test("Characters that take two columns leave the columns of a table straight")
    func wide() {
        var table = Table([.text("JOB"), .number("N")])
        for name in ["\u{65E5}\u{672C}", "abcde", "\u{1F600}", "1\u{FE0F}\u{20E3}"] {
            table.add([Table.Cell(name), "1"])
        }
        let text = table.text(Style(TextWriter(), environment: [:]))
        let lines = text.split(separator: "\n")
        #expect(lines.map { TextWidth.columns(of: $0) } == [8, 8, 8, 8, 8])
        #expect(lines[1] == "\u{65E5}\u{672C}   1")
        for (text, width) in [
            ("e\u{301}", 1), ("\u{301}", 0), ("a\u{200B}b", 2), ("a\u{2060}", 1), ("a\u{AD}", 2),
            ("\u{FF21}", 2), ("\u{AC00}", 2), ("\u{FF71}", 1), ("\u{1F600}", 2),
        ] {
            #expect(TextWidth.columns(of: text) == width, "\(text.debugDescription)")
        }
        #expect(TextWidth.prefix(of: "a\u{65E5}\u{672C}", 4) == "a\u{65E5}")
        #expect(TextWidth.suffix(of: "a\u{65E5}\u{672C}", 3) == "\u{672C}")
    }

    @Test("A load says how many batches run")
    func load() async throws {
        let bench = try await CommandLineBench()
        let rows = (1...200_000).map { "\($0),name \($0)" }
        try bench.write("id,name\n" + rows.joined(separator: "\n") + "\n", to: "many.csv")
        try bench.execute("CREATE TABLE many (id INTEGER PRIMARY KEY, name TEXT)")
        let terminal = try PseudoTerminal(width: 120)
        let arguments = [
            "load", bench.path("many.csv"), "--to", "table:many", "--key", "id", "--weight", "1MiB",
            "--workers", "2",
        ]
        let code = try await run(arguments, bench.environment, on: terminal)
        #expect(code == 0)
        #expect(await eventually { terminal.text.contains("done: ") })
        let lines = terminal.lines
        #expect(lines.contains { $0.contains(#/[12] running/#) }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("[") && $0.contains(" % ") }, "\(lines)")
    }

    @Test("Why nothing runs is told on a terminal, and no time left is made up")
    func waits() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--worker", "night"]
        #expect(await bench.run(acquire + ["--count", "4"]).status == .done)
        let terminal = try PseudoTerminal(width: 200)
        let arguments = ["work", "--job", "j", "--meta", "files", "--count", "4", "--", "true"]
        async let code = run(arguments, bench.environment, on: terminal)
        #expect(await eventually { terminal.text.contains("held by night") })
        #expect(terminal.lines.last { $0.contains("running") }?.contains("0 running") == true)
        #expect(terminal.lines.last { $0.contains("0 running") }?.contains("ETA") == false)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(try await code == 0)
    }
}
