import Foundation
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(5)))
struct ManualTests {
    private static let man = "/usr/bin/man"

    /// Pages of all commands, in a folder of the bench.
    private func pages(in bench: CommandLineBench) async throws -> [String] {
        let written = await bench.run(
            ["man", bench.path("man1")],
            environment: ["SOURCE_DATE_EPOCH": "1790000000"]
        )
        #expect(written.status == .done)
        #expect(written.output == "" && written.errors == "")
        return try FileManager.default.contentsOfDirectory(atPath: bench.path("man1")).sorted()
            .map { bench.path("man1/\($0)") }
    }

    @Test("There is a page for the program and for each command, with the version and a day")
    func files() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let pages = try await pages(in: bench)
        let names = ["tranche"] + Program.commands.map { "tranche-\($0.description.name)" }
        #expect(
            pages.map { URL(filePath: $0).lastPathComponent } == names.map { "\($0).1" }.sorted()
        )
        for page in pages {
            let text = try String(contentsOfFile: page, encoding: .utf8)
            #expect(text.contains("\"2026\\-09\\-21\" \"tranche \(Program.version)\""))
        }
    }

    @Test(
        "man finds no fault with a page, and shows each option",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: man),
            "man is not there: apt-get install man-db groff-base"
        )
    )
    func rendered() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "100"]
        for page in try await pages(in: bench) {
            let shown = try await Executable(Self.man).run(
                ["--warnings", "-E", "UTF-8", "-l", "-P", "cat", page],
                environment: environment
            )
            #expect(shown.code == 0)
            #expect(shown.errors == "", "\(page)")
            let name = URL(filePath: page).deletingPathExtension().lastPathComponent
            let command = Program.commands.map { $0.description }
                .first { "tranche-\($0.name)" == name }
            let plain = shown.output.replacing(#/\u{1B}\[[0-9;]*m|.\u{8}/#, with: "")
            for option in command?.options ?? [] {
                #expect(plain.contains("--\(option.name)"), "\(name)")
            }
            for example in command?.examples ?? [] {
                for line in example.split(separator: "\n") { #expect(plain.contains(line)) }
            }
        }
    }

    @Test("A page reads no text as a command of roff")
    func escaping() {
        var page = Roff(title: "t", date: "2026-01-01")
        page.paragraph(".so /etc/passwd\n'quoted' back\\slash --option")
        let lines = page.text.split(separator: "\n").suffix(2)
        #expect(lines.first == #"\&.so /etc/passwd"#)
        #expect(lines.last == #"\(aqquoted\(aq back\eslash \-\-option"#)
    }

    @Test("A folder that cannot be made is named")
    func refused() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try bench.write("", to: "file")
        let outcome = await bench.run("man", bench.path("file/man1"))
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("cannot be made"))
    }
}
