import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite struct MetricsTests {
    /// `promtool`, where it is.
    private static let promtool: String? = {
        let named = ProcessInfo.processInfo.environment["TRANCHE_TEST_PROMTOOL"]
        let found = [named ?? "/usr/bin/promtool"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil {
            print("promtool is not here (Debian package prometheus): nothing of it is checked")
        }
        return found
    }()

    private static let alerts = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples/alerts")

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
    private static let text = sources.appending(path: "Tranche/Reading/Overview/MetricsText.swift")

    /// A job with all that metrics tell of, whose name is no plain word.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let acquire = [
            "acquire", "--job", #"a "b" \c"#, "--meta", "files", "--count", "2",
            "--max-attempts", "1",
        ]
        for _ in 1...4 { #expect(await bench.run(acquire).status == .done) }
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await bench.run("fail", "2", "--attempt", "1", "--error", "no").status == .done)
        #expect(await bench.run("release", "3", "--attempt", "1").status == .done)
        return bench
    }

    @Test("Each run has samples, and labels are escaped")
    func samples() async throws {
        let bench = try await bench()
        let text = await bench.run("metrics").output
        let labels = #"{job_name="a \"b\" \\c",source="files",run=""}"#
        for sample in [
            "tranche_backlog_items\(labels) 4", "tranche_backlog_weight\(labels) 300",
            "tranche_batches_succeeded_total\(labels) 1",
            "tranche_items_succeeded_total\(labels) 2",
            "tranche_weight_succeeded_total\(labels) 30", "tranche_failed_batches\(labels) 1",
            "tranche_in_flight_batches\(labels) 1", "tranche_recent_failures\(labels) 1",
            "tranche_released_batches\(labels) 1", "tranche_source_up\(labels) 1",
            #"tranche_build_info{version="\#(Program.version)"} 1"#,
        ] {
            #expect(text.contains("\n\(sample)\n"), "\(sample)\n\(text)")
        }
        #expect(text.contains(#"state="running"} 1"#))
        for name in ["backlog_oldest", "last_success", "collected"] {
            #expect(text.contains("\ntranche_\(name)_timestamp_seconds"))
        }
        #expect(await bench.run("metrics", "--json").status == .usage)
    }

    @Test("A file is replaced as a whole, and others may read it")
    func file() async throws {
        let bench = try await bench()
        try bench.write("old", to: "tranche.prom")
        let path = bench.path("tranche.prom")
        let outcome = await bench.run("metrics", "--to", path)
        #expect(outcome.status == .done)
        #expect(outcome.output == "")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("# HELP tranche_"))
        #expect(text.hasSuffix("\n"))
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        let nowhere = await bench.run("metrics", "--to", bench.path("none/x.prom"))
        #expect(nowhere.status == .usage)
        #expect(nowhere.errors.contains("cannot be written"))
    }

    @Test("promtool finds nothing wrong with the metrics", .enabled(if: promtool != nil))
    func checked() async throws {
        let bench = try await bench()
        let path = bench.path("tranche.prom")
        #expect(await bench.run("metrics", "--to", path).status == .done)
        let promtool = try #require(Self.promtool)
        let checked = try await Executable("/bin/sh").run(
            ["-c", "'\(promtool)' check metrics < '\(path)'"]
        )
        #expect(checked.code == 0, "\(checked.output)\(checked.errors)")
        #expect(checked.errors == "")
    }

    @Test(
        "promtool finds the alerts sound, and they fire when they should",
        .enabled(if: promtool != nil)
    )
    func alerts() async throws {
        let promtool = try #require(Self.promtool)
        let rules = Self.alerts.appending(path: "tranche.rules.yml").path
        let checked = try await Executable(promtool).run(["check", "rules", rules])
        #expect(checked.code == 0, "\(checked.output)\(checked.errors)")
        let tests = Self.alerts.appending(path: "tranche.rules.test.yml").path
        let tested = try await Executable(promtool).run(["test", "rules", tests])
        #expect(tested.code == 0, "\(tested.output)\(tested.errors)")
    }

    @Test("Every metric that an alert asks for is one that is printed")
    func known() async throws {
        let rules = try String(
            contentsOf: Self.alerts.appending(path: "tranche.rules.yml"),
            encoding: .utf8
        )
        let asked = Set(rules.matches(of: /tranche_[a-z_]+/).map { String($0.output) })
        let printed = try String(contentsOf: Self.text, encoding: .utf8)
        #expect(!asked.isEmpty)
        for name in asked { #expect(printed.contains("\"\(name)\""), "\(name)") }
    }

    @Test("The article names every metric, with its labels")
    func article() async throws {
        let file = Self.sources.appending(path: "TrancheCLI/Documentation.docc/Operating.md")
        let article = try String(contentsOf: file, encoding: .utf8)
        var labels: [String: Set<String>] = [:]
        for row in article.matches(of: /\n\| `(tranche_[a-z_]+)` \| ([^|]*) \|/) {
            let names = row.output.2.matches(of: /`([a-z_]+)`/).map { String($0.output.1) }
            labels[String(row.output.1)] = Set(names)
        }
        let text = try String(contentsOf: Self.text, encoding: .utf8)
        let names = text.matches(of: /"(tranche_[a-z_]+)"/).map { String($0.output.1) }
        #expect(Set(names) == Set(labels.keys))
        let bench = try await bench()
        let printed = await bench.run("metrics").output
        for line in printed.split(separator: "\n") where !line.hasPrefix("#") {
            let name = String(line.prefix { $0 != "{" && $0 != " " })
            let found = line.matches(of: /[{,]([a-z_]+)="/).map { String($0.output.1) }
            #expect(labels[name] == Set(found), "\(line)")
        }
    }
}
