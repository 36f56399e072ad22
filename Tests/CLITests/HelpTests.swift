import Foundation
import Testing

@testable import TrancheCLI

@Suite struct HelpTests {
    @Test(
        "Each command's help is as stored",
        arguments: Program.commands.map { $0.description.name }
    )
    func help(command: String) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let help = await bench.run(command, "--help")
        #expect(help.status == .done)
        #expect(help.errors == "")
        #expect(await bench.run(command, "-h").output == help.output)
        #expect(await bench.run("help", command).output == help.output)
        #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 110 })
        try expectSnapshot(help.output, named: "help-\(command).txt")
    }

    @Test("The program's help lists every command")
    func programHelp() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let help = await bench.run("--help")
        #expect(help.status == .done)
        #expect(await bench.run().output == help.output)
        try expectSnapshot(help.output, named: "help.txt")
    }

    @Test("The version goes to standard output")
    func version() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        #expect(await bench.run("--version").output == "tranche \(Program.version)\n")
    }

    @Test("bash completes commands, options and their values")
    func bashCompletions() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let script = await bench.run("completions", "bash").output
        try script.write(toFile: bench.path("completions"), atomically: true, encoding: .utf8)
        let completed = try await Executable("/bin/bash").run(
            [
                "-c",
                """
                source \(bench.path("completions"))
                complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _tranche; \
                echo "${COMPREPLY[*]}"; }
                complete_words tranche mig
                complete_words tranche batches --sta
                complete_words tranche batches --status qua
                complete_words tranche migrate do
                """,
            ]
        )
        #expect(completed.output == "migrate\n--status\nquarantined\ndown\n")
        #expect(completed.errors == "")
    }

    @Test("The completions for zsh are as stored")
    func zshCompletions() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try expectSnapshot(await bench.run("completions", "zsh").output, named: "completions.zsh")
    }
}
