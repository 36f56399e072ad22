import Foundation
import Testing

@testable import TrancheCLI

@Suite struct HelpTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/TrancheCLI")

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
        try expectSnapshot(help.output, named: "help-\(command).txt")
    }

    @Test(
        "All of each command's help is as stored",
        arguments: Program.commands.map { $0.description.name }
    )
    func wholeHelp(command: String) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let help = await bench.run(command, "--help-all")
        #expect(help.status == .done)
        #expect(help.errors == "")
        #expect(await bench.run("help", command, "--help-all").output == help.output)
        #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 110 })
        try expectSnapshot(help.output, named: "help-all-\(command).txt")
    }

    @Test(
        "Each command's help fits a screen, with an example and what is required",
        arguments: Program.commands.map { $0.description.name }
    )
    func helpFits(command: String) async throws {
        let description = try #require(
            Program.commands.map { $0.description }.first { $0.name == command }
        )
        let lines = HelpText(command: description).short.split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        #expect(
            lines.dropLast().count <= HelpText.screen,
            "mark its options with isUsual, shorten them with brief, and give its notes a brief"
        )
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(lines.contains("Example:") || lines.contains("Examples:"))
        #expect(lines.contains { $0.hasPrefix("  --help-all ") })
        for option in description.options where option.isRequired {
            #expect(lines.contains { $0.hasPrefix("  --\(option.name) ") })
        }
    }

    @Test(
        "Each example is a command line that a command takes",
        arguments: Program.commands.flatMap { $0.description.examples }
    )
    func examplesParse(example: String) throws {
        let line = example.replacing("\\\n", with: "")
        guard !line.hasPrefix("source "), !line.contains(" > ") else { return }
        let words = line.matches(of: #/'([^']*)'|(\S+)/#).map { String($0.1 ?? $0.2 ?? "") }
        #expect(words.first == "tranche")
        let command = try #require(
            Program.commands.map { $0.description }.first { $0.name == words.dropFirst().first }
        )
        _ = try ArgumentParser(command).parse(Array(words.dropFirst(2)))
    }

    @Test("All of the help is shown by --help-all, also of what is not usual")
    func wholeHasMore() throws {
        let command = WorkCommand.description
        let help = HelpText(command: command)
        #expect(!help.short.contains("--settle-wait"))
        #expect(help.short.contains("--weight WEIGHT"))
        for option in command.options + CommandDescription.OptionGroup.global.options {
            #expect(help.whole.contains("\n  --\(option.name)"))
        }
    }

    @Test("What prints no document does not offer --json", arguments: ["metrics", "report"])
    func withoutDocument(name: String) throws {
        let command = try #require(
            Program.commands.map { $0.description }.first { $0.name == name }
        )
        let help = HelpText(command: command)
        for text in [help.short, help.whole] {
            #expect(!text.contains("--json"))
            #expect(text.contains("--inventory"))
        }
    }

    @Test("What says nothing of being usual is shown where all fits, and else not")
    func usualOptions() {
        var command = CommandDescription(name: "try", summary: "Try", notes: "Notes.\n")
        command.groups = [.init(title: "Few", options: [.init("one", nil, "first")])]
        #expect(HelpText(command: command).short.contains("--one"))
        #expect(HelpText(command: command).short.contains("Notes."))
        let many = (1...40).map { CommandDescription.Option("o\($0)", nil, "more") }
        command.groups[0].options += many
        command.groups[0].options.append(.init("two", nil, "last", isUsual: true))
        let short = HelpText(command: command).short
        #expect(short.contains("--two"))
        #expect(!short.contains("--one") && !short.contains("--o40") && !short.contains("Notes."))
        #expect(HelpText(command: command).whole.contains("--o40"))
    }

    @Test("The program's help names the usual commands, and --help-all every one")
    func programHelp() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let help = await bench.run("--help")
        #expect(help.status == .done)
        #expect(await bench.run().output == help.output)
        #expect(help.output.utf8.count { $0 == UInt8(ascii: "\n") } <= HelpText.screen)
        try expectSnapshot(help.output, named: "help.txt")
        let whole = await bench.run("--help-all")
        #expect(whole.status == .done)
        #expect(await bench.run("help", "--help-all").output == whole.output)
        for command in Program.commands {
            #expect(whole.output.contains("\n  \(command.description.name) "))
        }
        try expectSnapshot(whole.output, named: "help-all.txt")
    }

    @Test(
        "The article lists every command",
        arguments: Program.commands.map { $0.description.name }
    )
    func article(command: String) throws {
        let file = Self.sources.appending(path: "Documentation.docc/TrancheCLI.md")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| `tranche ") }.map { $0.split(separator: " | ")[0] }
        let names = rows.flatMap { row in
            row.matches(of: /`(?:tranche )?([a-z]+)/).map { String($0.output.1) }
        }
        #expect(names.contains(command))
    }

    @Test("The help of all names every exit status")
    func exitStatuses() throws {
        let file = Self.sources.appending(path: "Commands/ProgramStatus.swift")
        let source = try String(contentsOf: file, encoding: .utf8)
        let statuses = source.matches(of: /ProgramStatus\(rawValue: (\d+)\)/).map { $0.output.1 }
        #expect(statuses.count == 10)
        let words = HelpText.more.split { $0 == " " || $0 == "\n" }
        for status in statuses { #expect(words.contains(status), "\(status)") }
    }

    @Test("The version goes to standard output")
    func version() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        #expect(await bench.run("--version").output == "tranche \(Program.version)\n")
    }
}
