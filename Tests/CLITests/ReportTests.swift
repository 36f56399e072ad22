import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite struct ReportTests {
    /// A job with all that a page shows.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let acquire = [
            "acquire", "--job", "orders <b>", "--meta", "files", "--count", "2",
            "--max-attempts", "1",
        ]
        for _ in 1...4 { #expect(await bench.run(acquire).status == .done) }
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let error = "duplicate key\n<script>alert('x')</script> & \"more\""
        #expect(await bench.run("fail", "2", "--attempt", "1", "--error", error).status == .done)
        return bench
    }

    @Test("The page is one file that says what is wrong, how much waits and who holds what")
    func content() async throws {
        let bench = try await bench()
        let path = bench.path("page.html")
        let outcome = await bench.run("report", path, "--title", "Shop & <co>")
        #expect(outcome.status == .done, "\(outcome.errors)")
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>"))
        for part in [
            "<title>Shop &amp; &lt;co&gt;</title>", "orders &lt;b&gt;", "1 run needs somebody",
            "duplicate key\n&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;",
            "worker-1", "failed: ids 3...4", "in flight: ids 5...6", "passed: ids 1...8",
            "waiting: ids 9...10", ">20 %<", "<h2>Throughput</h2>",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        for part in ["<script", "http://", "https://", "src=", "@import", "url("] {
            #expect(!page.contains(part), "\(part)")
        }
        #expect(await bench.run("report").status == .usage)
        #expect(await bench.run("report", path, "--json").status == .usage)
        #expect(await bench.run("report", path, "--job", "none").status == .failed)
    }

    @Test("A page of an empty inventory, and of one in which all is well")
    func plain() async throws {
        let bench = try await CommandLineBench()
        let path = bench.path("page.html")
        #expect(await bench.run("report", path).status == .done)
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("No run has begun yet."))
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await bench.run("report", path).status == .done)
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page.contains("All is well."))
        #expect(!page.contains("<h2>Failures</h2>"))
    }

    @Test("A batch whose lease is over is in nobody's hands")
    func lapsed() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "2"]
        #expect(await bench.run(acquire).status == .done)
        try bench.execute("UPDATE inventory SET lease_expires_at = lease_expires_at - 7260000;")
        let path = bench.path("page.html")
        #expect(await bench.run("report", path).status == .done)
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!page.contains("<h2>In flight</h2>"))
        #expect(page.contains("to be tried again: ids 1...2"), "\(page)")
    }

    @Test("The bar of a file begins at its first record, and ends with its last")
    func file() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,v\n1,a\n2,b\n3,c\n4,d\n", to: "in.csv")
        let acquire = [
            "acquire", "--job", "j", "--meta", "csv:\(bench.path("in.csv"))", "--count", "2",
        ]
        let path = bench.path("page.html")
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await bench.run("report", path).status == .done)
        let half = try String(contentsOfFile: path, encoding: .utf8)
        #expect(half.contains("done: ids 5...9<"), "\(half)")
        #expect(half.contains("waiting: ids 10...17<"))
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("succeed", "2", "--attempt", "1").status == .done)
        #expect(await bench.run("report", path).status == .done)
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        #expect(whole.contains("done: ids 5...17<"), "\(whole)")
        #expect(!whole.contains("waiting: ids"))
    }

    @Test("What is no regular file is written to, and never replaced")
    func device() async throws {
        let bench = try await CommandLineBench()
        let path = bench.path("full")
        try FileManager.default.createSymbolicLink(
            atPath: path,
            withDestinationPath: "/dev/full"
        )
        for command in [["report", path], ["metrics", "--to", path]] {
            let outcome = await bench.run(command)
            // Another command line does no better.
            #expect(outcome.status == .failed)
            #expect(outcome.errors.contains("cannot be written: No space"), "\(outcome.errors)")
        }
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/full")
    }

    @Test("A file that is replaced keeps who may read it")
    func permissions() async throws {
        let bench = try await CommandLineBench()
        let files = FileManager.default
        let path = bench.path("page")
        for command in [["report", path], ["metrics", "--to", path]] {
            try bench.write("old", to: "page")
            try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(await bench.run(command).status == .done)
            #expect(try String(contentsOfFile: path, encoding: .utf8) != "old")
            let mode = try files.attributesOfItem(atPath: path)[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o600)
        }
        #expect(try files.contentsOfDirectory(atPath: bench.folder.path).contains("page"))
    }

    @Test("Links to a file stay, and the file is replaced; it need not be there yet")
    func links() async throws {
        let bench = try await CommandLineBench()
        let files = FileManager.default
        try files.createDirectory(atPath: bench.path("pages"), withIntermediateDirectories: true)
        let links = [("first", "second"), ("second", "pages/page")]
        for (link, end) in links {
            try files.createSymbolicLink(atPath: bench.path(link), withDestinationPath: end)
        }
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        let link = bench.path("first")
        for (command, words) in [
            (["report", link], "<html"), (["metrics", "--to", link], "tranche_"),
            (["export", link, "--overwrite"], #""files""#),
        ] {
            #expect(await bench.run(command).status == .done)
            for (link, end) in links {
                #expect(try files.destinationOfSymbolicLink(atPath: bench.path(link)) == end)
            }
            let text = try String(contentsOfFile: bench.path("pages/page"), encoding: .utf8)
            #expect(text.contains(words))
        }
    }

    // MARK: In a browser

    private struct Look: Decodable {
        var scheme: String
        var width: Int
        var title: String
        var text: String
        var page: Double
        var contrast: Double
        var lowest: String
        var overflow: Int
        var bars: [Bar]
        var columns: Int
        var elements: Int
        var faults: [String]
        var requests: [String]
    }

    private struct Bar: Decodable {
        var width: Double
        var height: Double
        var parts: [Part]
    }

    private struct Part: Decodable {
        var state: String
        var width: Double
        var fill: String
    }

    /// The Python that drives a browser, where both are.
    private static let python: String? = {
        guard let python = ProcessInfo.processInfo.environment["TRANCHE_TEST_PYTHON"],
            FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium")
        else {
            print("There is no browser here (Debian package chromium): pages are not looked at")
            return nil
        }
        return python
    }()

    @Test(
        "In a browser it is readable, in the light and in the dark, wide and narrow",
        .enabled(if: python != nil),
        .timeLimit(.minutes(3))
    )
    func browser() async throws {
        let bench = try await bench()
        let path = bench.path("page.html")
        #expect(await bench.run("report", path, "--title", "Shop").status == .done)
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "look_at_page.py").path
        let seen = try await Executable(try #require(Self.python)).run(
            [script, path, ProcessInfo.processInfo.environment["TRANCHE_TEST_PICTURES"] ?? ""]
                .filter { !$0.isEmpty },
            environment: ["HOME": bench.folder.path]
        )
        #expect(seen.code == 0, "\(seen.errors)")
        let looks = try seen.output.split(separator: "\n").map {
            try JSONDecoder().decode(Look.self, from: Data($0.utf8))
        }
        #expect(looks.map(\.scheme) == ["light", "light", "dark", "dark"])
        for look in looks {
            let place = "\(look.scheme), \(look.width) pixels"
            #expect(look.title == "Shop", "\(place)")
            #expect(look.text.contains("4 items waiting") || look.text.contains("items waiting"))
            #expect(look.text.contains("<script>alert('x')</script>"), "\(place)")
            #expect(look.scheme == "light" ? look.page > 0.8 : look.page < 0.05, "\(place)")
            // WCAG 2.1, success criterion 1.4.3: text of usual size.
            #expect(look.contrast >= 4.5, "\(place): \(look.contrast) of \(look.lowest)")
            #expect(look.overflow <= 0, "\(place)")
            #expect(look.elements == 0, "\(place)")
            #expect(look.faults.isEmpty, "\(place)")
            #expect(look.requests.isEmpty, "\(place)")
            #expect(look.columns == 1, "\(place)")
            let bar = try #require(look.bars.first)
            #expect(bar.width > 100 && bar.height > 10, "\(place)")
            #expect(
                bar.parts.map(\.state).sorted() == [
                    "done", "failed", "running", "running", "waiting",
                ]
            )
            #expect(bar.parts.allSatisfy { $0.width > 1 }, "\(place)")
            #expect(Set(bar.parts.map(\.fill)).count == 4, "\(place)")
        }
    }
}
