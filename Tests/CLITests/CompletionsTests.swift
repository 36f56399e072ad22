import Foundation
import Testing

@testable import TrancheCLI

@Suite(.serialized, .timeLimit(.minutes(5)))
struct CompletionsTests {
    /// Where a shell is; `nil` where it is not installed.
    private static func path(of shell: String) -> String? {
        ["/bin/\(shell)", "/usr/bin/\(shell)"].first(
            where: FileManager.default.isExecutableFile(atPath:)
        )
    }

    /// The script for a shell, in a file of the bench.
    private func script(_ shell: String, in bench: CommandLineBench) async throws -> String {
        let printed = await bench.run("completions", shell)
        #expect(printed.status == .done)
        let path = bench.path("completions.\(shell)")
        try printed.output.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// A command line, its last word unfinished, and what is offered for that among others.
    struct Line: Sendable, CustomTestStringConvertible {
        var words: [String]
        var offered: Set<String>
        /// What must not be offered.
        var withheld: Set<String> = []

        init(_ words: String..., offers: Set<String>, withholds: Set<String> = []) {
            self.words = words
            offered = offers
            withheld = withholds
        }

        var testDescription: String { words.joined(separator: " ") }

        func check(_ found: Set<String>) {
            #expect(offered.isSubset(of: found), "\(found.sorted())")
            #expect(withheld.isDisjoint(with: found), "\(found.sorted())")
        }
    }

    static let lines = [
        Line("tranche", "wo", offers: ["work", "workflow"], withholds: ["status"]),
        Line("tranche", "work", "--wei", offers: ["--weight", "--weight-column"]),
        Line("tranche", "work", "--", offers: ["--job", "--inventory"], withholds: ["--tokens"]),
        Line("tranche", "migrate", "do", offers: ["down"], withholds: ["up"]),
        Line("tranche", "batches", "--status", "qua", offers: ["quarantined"]),
        Line("tranche", "work", "--by", "d", offers: ["day"], withholds: ["hour"]),
        Line("tranche", "check", "pipe", offers: ["pipeline.yaml"]),
        Line("tranche", "work", "--job", "status", "--env-file", "pipe", offers: ["pipeline.yaml"]),
        Line("tranche", "work", "--job", "a", "--", "cat", "pipe", offers: ["pipeline.yaml"]),
        Line("tranche", "work", "--job", "a", "--", "tru", offers: ["true"]),
    ]

    // MARK: bash

    @Test("bash completes commands, options, their values, files and programs", arguments: lines)
    func bash(line: Line) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try bench.write("", to: "pipeline.yaml")
        let script = try await script("bash", in: bench)
        // Where the function leaves it to bash, bash completes files.
        let completed = try await Executable("/bin/bash").run(
            [
                "-c",
                """
                cd "$1" && source "$2" && shift 2 || exit
                compopt() { defaults=yes; }
                COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); defaults=""
                _tranche
                printf '%s\\n' "${COMPREPLY[@]}"
                [ -z "$defaults" ] || compgen -f -- "${@: -1}"
                """,
                "bash", bench.folder.path, script,
            ] + line.words
        )
        #expect(completed.errors == "")
        line.check(Set(completed.output.split(separator: "\n").map(String.init)))
    }

    @Test("bash completes a value after '=', offers operands once, and a URL is one value")
    func bashPlaces() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let script = try await script("bash", in: bench)
        let completed = try await Executable("/bin/bash").run([
            "-c",
            """
            source "$1"
            offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tranche; echo "${COMPREPLY[*]}"; }
            offer tranche work --by = d
            offer tranche work --by =
            offer tranche migrate up ''
            offer tranche budget set ''
            offer tranche nothing ''
            offer tranche migrate --inventory sqlite : inventory.db ''
            offer tranche migrate --inventory = postgresql : //db : 5432/etl u
            offer tranche migrate --inventory sqlite : u
            """,
            "bash", script,
        ])
        #expect(completed.errors == "")
        #expect(completed.output == "day\nhour day month\n\n\n\nup down status\nup\n\n")
    }

    // MARK: zsh

    @Test(
        "zsh completes what bash does",
        .enabled(if: path(of: "zsh") != nil, "zsh is not there: apt-get install zsh"),
        arguments: [false, true]
    )
    func zsh(isInstalled: Bool) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try bench.write("", to: "pipeline.yaml")
        var script = try await script("zsh", in: bench)
        if isInstalled {
            let text = try String(contentsOfFile: script, encoding: .utf8)
            try bench.write(text, to: "functions/_tranche")
            script = bench.path("functions/_tranche")
        }
        let zsh = Executable(try #require(Self.path(of: "zsh")))
        #expect(try await zsh.run(["-n", script]).errors == "")
        let reader = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "complete.zsh").path
        let lines = Self.lines.map { $0.words.joined(separator: " ") }
        let completed = try await Executable("/bin/sh").run(
            [
                "-c", #"cd "$1" && shift && exec "$@""#, "sh", bench.folder.path, zsh.path, "-f",
                reader, script,
            ] + lines,
            environment: ["PATH": "/usr/bin:/bin", "HOME": bench.folder.path, "TERM": "dumb"]
        )
        let answers = completed.output.split(separator: "\n")
        try #require(answers.count == lines.count, "\(completed.output) \(completed.errors)")
        for (line, answer) in zip(Self.lines, answers) {
            let prefix = line.words.joined(separator: " ") + ": "
            #expect(answer.hasPrefix(prefix))
            line.check(Set(answer.dropFirst(prefix.count).split(separator: " ").map(String.init)))
        }
    }

    @Test("The completions for zsh are as stored")
    func zshText() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try expectSnapshot(await bench.run("completions", "zsh").output, named: "completions.zsh")
    }

    // MARK: fish

    @Test(
        "fish completes what bash does",
        .enabled(if: path(of: "fish") != nil, "fish is not there: apt-get install fish"),
        arguments: lines
    )
    func fish(line: Line) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try bench.write("", to: "pipeline.yaml")
        let script = try await script("fish", in: bench)
        let completed = try await Executable(try #require(Self.path(of: "fish"))).run(
            [
                "--no-config", "-c", "cd $argv[1]; source $argv[2]; complete -C $argv[3]",
                bench.folder.path, script, line.words.joined(separator: " "),
            ],
            environment: ["PATH": "/usr/bin:/bin", "HOME": bench.folder.path]
        )
        #expect(completed.errors == "")
        let found = completed.output.split(separator: "\n").map { line in
            String(line.prefix { $0 != "\t" })
        }
        line.check(Set(found))
    }
}
