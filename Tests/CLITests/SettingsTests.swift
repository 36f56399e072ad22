import Foundation
import Testing
import Tranche
import TrancheConnectors

@testable import TrancheCLI

@Suite struct SettingsTests {
    @Test("A dotenv file has comments, exports and quotes")
    func dotenv() throws {
        let file = try Dotenv(
            """
            # a comment
            A=1
            export B = no
            """.replacing("B = no", with: "B=two words # a comment")
                + #"""

                C="a \"b\"\n\\ # c" # a comment
                D='as $it \n stands'
                E=
                F="over
                lines"
                G=a#b
                """#,
            file: "x.env"
        )
        let values = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.key, $0.value) })
        #expect(
            values == [
                "A": "1", "B": "two words", "C": "a \"b\"\n\\ # c", "D": "as $it \\n stands",
                "E": "",
                "F": "over\nlines", "G": "a#b",
            ]
        )
        #expect(file.entries.map(\.line) == [2, 3, 4, 5, 6, 7, 9])
    }

    @Test(
        "What is wrong in a dotenv file is named with its line",
        arguments: [
            ("A=1\nnonsense\n", "x.env, line 2: expected KEY=VALUE"),
            (
                "A=1\n\nB=\"open\nC=2\n",
                "x.env, line 3: the quote that begins the value of B is not closed"
            ),
            ("A='x' y\n", "x.env, line 1: there is more after the quoted value of A"),
            (#"A="\q""#, #"x.env, line 1: '\q' is not an escape; write '\\' for a backslash"#),
            ("=1\n", "x.env, line 1: expected KEY=VALUE"),
        ]
    )
    func badDotenv(text: String, message: String) {
        let error = #expect(throws: UsageError.self) { try Dotenv(text, file: "x.env") }
        #expect(error?.description == message)
    }

    @Test("Flags come before the environment, that before the file, that before defaults")
    func precedence() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let file = bench.path("x.env")
        try """
        TRANCHE_INVENTORY=sqlite:file.db
        TRANCHE_TABLE=from_file
        TRANCHE_LOCK_TIMEOUT=5s
        OTHER=1
        """.write(toFile: file, atomically: true, encoding: .utf8)
        var arguments = Arguments(values: ["env-file": [file]])
        var settings = try Settings(arguments, environment: [:])
        #expect(try settings.inventory.text == "sqlite:file.db")
        #expect(try settings.store.table == "from_file")
        #expect(try settings.store.lockTimeout == .seconds(5))
        #expect(try settings.store.maxConnections == 8)
        let environment = ["TRANCHE_INVENTORY": "sqlite:env.db", "TRANCHE_UNKNOWN": "1"]
        settings = try Settings(arguments, environment: environment)
        #expect(try settings.inventory.text == "sqlite:env.db")
        arguments.values["inventory"] = ["sqlite:///flag.db"]
        settings = try Settings(arguments, environment: environment)
        #expect(try settings.inventory.text == "sqlite:///flag.db")
        #expect(try settings.metaDatabase == nil)
        arguments.values["meta-db"] = ["sqlite:/flag.db"]
        #expect(try Settings(arguments, environment: environment).metaDatabase == nil)
    }

    @Test("A file of settings must exist, and hold known keys")
    func badFile() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let missing = await bench.run("status", "--env-file", bench.path("none.env"))
        #expect(missing.status == .usage)
        #expect(
            missing.errors.contains(
                "cannot read the file '\(bench.path("none.env"))' that --env-file names"
            )
        )
        try "TRANCHE_TABEL=x\n".write(
            toFile: bench.path("x.env"),
            atomically: true,
            encoding: .utf8
        )
        let unknown = await bench.run(
            ["status"],
            environment: ["TRANCHE_ENV_FILE": bench.path("x.env")]
        )
        #expect(unknown.status == .usage)
        #expect(
            unknown.errors
                == "tranche: \(bench.path("x.env")), line 1: unknown setting TRANCHE_TABEL; "
                + "did you mean TRANCHE_TABLE?\n"
        )
    }

    @Test("env/sample.env documents every key, and sets none")
    func sample() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let text = try String(contentsOf: root.appending(path: "env/sample.env"), encoding: .utf8)
        #expect(try Dotenv(text, file: "sample.env").entries.isEmpty)
        let uncommented = text.replacing(#/^#(TRANCHE_)/#.anchorsMatchLineEndings()) {
            "\($0.output.1)"
        }
        let keys = try Dotenv(uncommented, file: "sample.env").entries.map(\.key)
        #expect(Set(keys) == Set(Settings.keys))
        let file = root.appending(path: "Sources/Tranche/Documentation.docc/Configuration.md")
        let article = try String(contentsOf: file, encoding: .utf8)
        for key in Settings.keys { #expect(article.contains("\n| `\(key)` |"), "\(key)") }
    }

    @Test("A worker's name in a file of settings is that of changes and of a log, too")
    func worker() async throws {
        let bench = try await CommandLineBench()
        try bench.write("TRANCHE_WORKER=etl-1\n", to: "x.env")
        let file = ["--env-file", bench.path("x.env")]
        let person = ["TRANCHE_WORKER": "", "USER": "anna"]
        let work = ["work", "--job", "j", "--meta", "files", "--log", "json"] + file
        let worked = await bench.run(work + ["--", "true"], environment: person)
        #expect(worked.status == .done)
        let lines = worked.errors.split(separator: "\n")
        #expect(lines.allSatisfy { $0.contains(#""worker":"etl-1"#) }, "\(worked.errors)")
        let pause = ["pause", "--job", "j", "--reason", "night"]
        #expect(await bench.run(pause + file, environment: person).status == .done)
        #expect(await bench.run(["resume", "--job", "j"], environment: person).status == .done)
        let changes = await bench.run("changes", "--json").output
        let authors = changes.matches(of: #/"by":"([^"]*)"/#).map { String($0.output.1) }
        #expect(Set(authors) == ["anna", "etl-1"], "\(changes)")
    }

    @Test("The inventory's table can have another name")
    func table() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let other = ["TRANCHE_TABLE": "batch_log"]
        #expect(await bench.run(["migrate", "up"], environment: other).status == .done)
        let acquired = await bench.run(
            ["acquire", "--job", "j", "--meta", "files"],
            environment: other
        )
        #expect(acquired.status == .done)
        #expect(await bench.run("status").errors.contains("run 'tranche migrate up'"))
    }
}
