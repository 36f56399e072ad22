import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

/// Programs that find pages one from another.
@Suite(.timeLimit(.minutes(10))) struct PageTests {
    private static let rows = 2000
    private static let pageSize = 200

    /// A server with rows in pages, each with a link to the next.
    private func withRows<R>(_ body: (LocalHTTPServer) async throws -> R) async throws -> R {
        try await withHTTPServer({ request, _ in
            let page = Int(request.target.split(separator: "=").last ?? "") ?? 1
            let last = min(page * Self.pageSize, Self.rows)
            let rows = ((page - 1) * Self.pageSize + 1...last).map { "\($0)\n" }.joined()
            let link = "</rows?page=\(page + 1)>; rel=\"next\""
            return .init(200, text: rows, headers: last < Self.rows ? ["Link": link] : [:])
        }) { try await body($0) }
    }

    private func work(
        _ bench: CommandLineBench,
        _ options: [String],
        _ script: String
    ) async -> CommandLineBench.Outcome {
        let line = ["work", "--job", "j", "--meta", "pages:p", "--count", "1"]
        return await bench.run(line + options + ["--", "sh", "-c", "set -e\n" + script])
    }

    private func cursors(_ bench: CommandLineBench) throws -> [String] {
        try bench.rows("SELECT cursor FROM inventory_page ORDER BY number")
    }

    @Test("Programs follow links from page to page, and take each row once")
    func links() async throws {
        let bench = try await CommandLineBench()
        try await withRows { server in
            let script = """
                file=\(bench.path("page")).$TRANCHE_ID_START
                curl -sf -D "$file.head" -o "$file.rows" "\(server.url)$TRANCHE_PAGE"
                next=$(sed -n 's/^Link: <\\(.*\\)>; rel="next".*/\\1/p' "$file.head")
                if [ -n "$next" ]; then echo "{\\"next_page\\": \\"$next\\"}"
                else echo '{"next_page": null}'; fi
                """
            let options = ["--first", "/rows?page=1", "--workers", "3"]
            #expect(await work(bench, options, script).status == .done)
            #expect(server.requests.count == 10)
            let taken = try (1...10).flatMap { page in
                try String(contentsOfFile: bench.path("page.\(page).rows"), encoding: .utf8)
                    .split(separator: "\n").compactMap { Int($0) }
            }
            #expect(taken == Array(1...Self.rows))
            // Nothing is left, and nothing is read again.
            #expect(await work(bench, options, script).status == .done)
            #expect(server.requests.count == 10)
        }
        let list = await bench.run("page", "list", "--meta", "pages:p", "--after", "8")
        #expect(
            list.output == """
                PAGE  WEIGHT  NAMED BY            END  CURSOR
                   9       1  batch 8, attempt 1       /rows?page=9
                  10       1  batch 9, attempt 1  end  /rows?page=10

                """
        )
    }

    /// The links of one page after another.
    private static let links = [
        "<@/p?page=2&ids=1;2>; rel=\"next\"",
        "<@/p?page=1>; rel=\"prev\", <@/p?page=3>; rel=\"next\", <@/p?page=7>; rel=\"last\"",
        "</p?page=4>; rel=next", "</p?page=5>; title=\"Rows 3; 4\"; rel=\"next last\"",
        "</p?page=6>; REL=\"NEXT\"; title=\"a, <b>\"", "<?page=7,8>;title=\"<\\\">\" ; rel=next",
        "</p?page=6>; rel=\"prev\"; title=\"next\"",
    ]

    @Test("The program of the article finds the next page in whatever header there is")
    func articleProgram() async throws {
        let bench = try await CommandLineBench()
        let article = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Tranche/Documentation.docc/PagedSources.md")
        let text = try String(contentsOf: article, encoding: .utf8)
        let program = try #require(
            text.split(separator: "```python\n").last?.split(separator: "```").first
        )
        try bench.write(String(program), to: "import-page.py")
        try bench.write("#!/bin/sh\ncat \"$1\" >> rows\n", to: "save-rows")
        try await withHTTPServer({ request, before in
            let host = "http://\(request.headers["host"] ?? "")"
            let link = Self.links[min(before, Self.links.count - 1)].replacing("@", with: host)
            return .init(200, text: "\(before + 1)\n", headers: ["Link": link])
        }) { server in
            let script = "cd \(bench.path("")); chmod +x save-rows; exec python3 import-page.py"
            let outcome = await work(bench, ["--first", "\(server.url)/p?page=1"], script)
            #expect(outcome.status == .done, "\(outcome.errors)")
            #expect(
                server.requests.map(\.target) == [
                    "/p?page=1", "/p?page=2&ids=1;2", "/p?page=3", "/p?page=4", "/p?page=5",
                    "/p?page=6", "/p?page=7,8",
                ]
            )
        }
        let rows = try String(contentsOfFile: bench.path("rows"), encoding: .utf8)
        #expect(rows == (1...7).map { "\($0)\n" }.joined())
    }

    /// Reads a page from a server, names what its `Link` header says, and fails where the server
    /// does.
    private func script(_ server: LocalHTTPServer, _ bench: CommandLineBench) -> String {
        """
        file=\(bench.path("page")).$TRANCHE_ID_START
        curl -sf -D "$file.head" -o "$file.rows" "\(server.url)$TRANCHE_PAGE"
        next=$(sed -n 's/^Link: <\\(.*\\)>; rel="next".*/\\1/p' "$file.head")
        if [ -n "$next" ]; then echo "{\\"next_page\\": \\"$next\\"}"
        else echo '{"next_page": null}'; fi
        """
    }

    @Test("A server whose last page links back to the first is asked for each page once")
    func linksBack() async throws {
        let bench = try await CommandLineBench()
        try await withHTTPServer({ request, _ in
            let page = Int(request.target.split(separator: "=").last ?? "") ?? 1
            let link = "</rows?page=\(page % 3 + 1)>; rel=\"next\""
            return .init(200, text: "\(page)\n", headers: ["Link": link])
        }) { server in
            let options = ["--first", "/rows?page=1", "--max-attempts", "1"]
            let held = await work(bench, options, script(server, bench))
            #expect(held.status == .tryAgain)
            #expect(held.errors.contains("page 3 of 'p' names the cursor of page 1"))
            #expect(server.requests.count == 3)
            #expect(await bench.run("retry", "--job", "j").status == .done)
            let ends = ["--repeated", "ends"]
            #expect(await work(bench, ends, script(server, bench)).status == .done)
            #expect(server.requests.count == 4)
            let known = try cursors(bench)
            #expect(known.count == 3)
        }
    }

    @Test("A server whose last page fails holds the run, and ends it once that is answered")
    func serverFails() async throws {
        let bench = try await CommandLineBench()
        try await withHTTPServer({ request, before in
            let page = Int(request.target.split(separator: "=").last ?? "") ?? 1
            if page == 3, before < 3 { return .init(500, text: "no answer") }
            let link = "</rows?page=\(page + 1)>; rel=\"next\""
            return .init(200, text: "\(page)\n", headers: page < 3 ? ["Link": link] : [:])
        }) { server in
            let options = ["--first", "/rows?page=1", "--max-attempts", "1"]
            let held = await work(bench, options, script(server, bench))
            #expect(held.status == .tryAgain)
            #expect(held.errors.contains("held: discovery stopped at page 3"))
            #expect(await bench.run("retry", "--job", "j").status == .done)
            #expect(await work(bench, options, script(server, bench)).status == .done)
            #expect(server.requests.count == 4)
            let known = try cursors(bench)
            #expect(known.count == 3)
        }
    }

    @Test("A repeated cursor fails the batch, or is the end for now")
    func repeated() async throws {
        let bench = try await CommandLineBench()
        let script = "echo \"{\\\"next_page\\\": \\\"$((TRANCHE_PAGE % 3 + 1))\\\"}\""
        let first = await work(bench, ["--first", "1", "--max-attempts", "1"], script)
        #expect(first.status == .tryAgain)
        #expect(first.errors.contains("page 3 of 'p' names the cursor of page 1"))
        #expect(first.errors.contains("held: discovery stopped at page 3"))
        #expect(await bench.run("retry", "--job", "j").status == .done)
        #expect(await work(bench, ["--repeated", "ends"], script).status == .done)
        let ends = try bench.rows("SELECT page_end FROM inventory_page ORDER BY number")
        #expect(ends == ["NULL", "NULL", "for_now"])
        // A page may still be named behind it.
        let next = await bench.run(
            "page",
            "next",
            "9",
            "--meta",
            "pages:p",
            "--after",
            "3",
            "--json"
        )
        #expect(next.output == "{\"page\":3,\"next\":\"9\",\"end\":null,\"new\":true}\n")
        #expect(await work(bench, [], "echo '{\"next_page\": null}'").status == .done)
        #expect(try cursors(bench) == ["1", "2", "3", "9"])
    }

    @Test("A last page that fails holds the run, until somebody names what follows")
    func lastPageFails() async throws {
        let bench = try await CommandLineBench()
        let script = """
            [ $TRANCHE_PAGE != b ] || { echo 'no answer' >&2; exit 1; }
            [ $TRANCHE_PAGE = a ] && echo '{"next_page": "b"}' || echo '{"next_page": null}'
            """
        let options = ["--first", "a", "--max-attempts", "1"]
        let held = await work(bench, options, script)
        #expect(held.status == .tryAgain)
        #expect(held.errors.contains("held: discovery stopped at page 2"))
        let named = await bench.run("page", "next", "c", "--meta", "pages:p", "--after", "2")
        #expect(named.output == "page 2 is followed by 'c'\n")
        let complete = await work(bench, options, script)
        #expect(complete.status == .failed)
        #expect(complete.errors.contains("is complete, but 1 batch has failed"))
        #expect(try cursors(bench) == ["a", "b", "c"])
    }

    @Test("A run at whose last page discovery stopped is held in status, its check and the plan")
    func standsStill() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, ["--first", "a"], "true").status == .tryAgain)
        let words = "discovery stopped at page 1"
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""state":"held""#), "\(json)")
        #expect(await bench.run("status").output.contains("is held: \(words)"))
        let check = await bench.run("status", "--check")
        #expect(check.status == .failed)
        #expect(check.output.contains("is held: \(words)"), "\(check.output)")
        let job = ["--job", "j", "--meta", "pages:p"]
        for outcome in [
            await bench.run(["plan"] + job),
            await bench.run(["work", "--dry-run"] + job + ["--", "true"]),
        ] {
            #expect(outcome.status == .tryAgain)
            let told = "nothing would be handed out: held: \(words)"
            #expect(outcome.errors.contains(told), "\(outcome.errors)")
        }
        let next = await bench.run("page", "next", "b", "--meta", "pages:p", "--after", "1")
        #expect(next.status == .done)
        #expect(await bench.run("status", "--check").status == .done)
        #expect(await bench.run("acquire", "--job", "j", "--count", "1").status == .done)
        // Who holds the last page may still name what follows.
        #expect(await bench.run("status", "--json").output.contains(#""state":"running""#))
        #expect(await bench.run(["plan"] + job).status == .done)
    }

    @Test("Success without a word on what follows does not end the run")
    func nothingNamed() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, ["--first", "a"], "true").status == .tryAgain)
        let end = await bench.run("page", "next", "--end", "--meta", "pages:p", "--after", "1")
        #expect(end.output == "page 1 is the last\n")
        #expect(await work(bench, [], "true").status == .done)
    }

    @Test("A page that is followed already keeps its first name, and that is said")
    func followed() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "pages:p", "--first", "a"]
        #expect(await bench.run(acquire + ["--count", "1"]).status == .done)
        let holding = ["--batch", "1", "--attempt", "1"]
        #expect(await bench.run(["page", "next", "b"] + holding).status == .done)
        // Who holds the page learns what holds, and goes on.
        let same = await bench.run(["page", "next", "b"] + holding)
        #expect(same.status == .done)
        #expect(same.output == "page 1 is followed by 'b', as was named before\n")
        #expect(same.errors.isEmpty, "\(same.errors)")
        for (name, words) in [("c", "'c' is not taken"), ("--end", "the end is not taken")] {
            let other = await bench.run(["page", "next", name] + holding)
            #expect(other.status == .done)
            #expect(other.output == "page 1 is followed by 'b', as was named before\n")
            #expect(other.errors.contains("\(words), the first name stays"), "\(other.errors)")
            // By hand nothing else is meant by it.
            let hand = await bench.run("page", "next", name, "--meta", "pages:p", "--after", "1")
            #expect(hand.status == .failed)
            #expect(hand.output.isEmpty, "\(hand.output)")
            for part in ["page 1 is followed by 'b'", words, "nothing was changed"] {
                #expect(hand.errors.contains(part), "\(hand.errors)")
            }
        }
        let again = await bench.run("page", "next", "b", "--meta", "pages:p", "--after", "1")
        #expect(again.status == .done)
        #expect(again.output.contains("as was named before"), "\(again.output)")
        #expect(try cursors(bench) == ["a", "b"])
    }

    @Test("What a program names is checked, and its batch fails where it cannot be")
    func nonsense() async throws {
        for (line, fault) in [
            (#"{"next_page": 5}"#, "names no page"),
            (#"{"next_page": ""}"#, "an empty cursor names no page"),
        ] {
            let bench = try await CommandLineBench()
            let script = "echo '\(line)'"
            let outcome = await work(bench, ["--first", "a", "--max-attempts", "1"], script)
            #expect(outcome.errors.contains(fault), "\(outcome.errors)")
            #expect(try await bench.states() == ["failed"])
        }
    }

    @Test("Workers killed before or after naming lose no page, and do none twice")
    func kills() async throws {
        let bench = try await CommandLineBench()
        let tranche = Executable.tranche
        // Odd pages kill the worker before anything is named, even ones after; each once.
        let script = """
            set -e
            next() {
                if [ $TRANCHE_PAGE = 8 ]; then "\(tranche.path)" page next --end
                else "\(tranche.path)" page next $((TRANCHE_PAGE + 1)); fi
            }
            mark=\(bench.path("killed")).$TRANCHE_PAGE
            [ $((TRANCHE_PAGE % 2)) = 1 ] || next
            if [ ! -e "$mark" ]; then : > "$mark"; kill -9 $PPID; sleep 60; fi
            [ $((TRANCHE_PAGE % 2)) = 0 ] || next
            echo $TRANCHE_PAGE >> \(bench.path("done"))
            """
        let line = [
            "work", "--job", "j", "--meta", "pages:p", "--first", "1", "--count", "1",
            "--lease", "1s", "--max-attempts", "9", "--", "sh", "-c", script,
        ]
        var codes: [Int32] = []
        while codes.last != 0, codes.count < 20 {
            codes.append(try await tranche.run(line, environment: bench.environment).code)
        }
        #expect(codes == Array(repeating: -9, count: 8) + [0])
        let done = try String(contentsOfFile: bench.path("done"), encoding: .utf8)
        #expect(done.split(separator: "\n").sorted() == (1...8).map { "\($0)" })
        #expect(try cursors(bench) == (1...8).map { "\($0)" })
    }

    @Test(
        "What is not meant is refused",
        arguments: [
            ["next", "--batch", "1", "--attempt", "1"], ["next", "c", "--end"],
            ["next", "c", "--meta", "pages:p"], ["next", "c", "--meta", "files", "--after", "1"],
            ["next", "c"], ["list"], ["list", "--end", "--meta", "pages:p"], ["turn"],
            ["next", "--end", "--page-weight", "3", "--batch", "1", "--attempt", "1"],
        ]
    )
    func usage(arguments: [String]) async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(["page"] + arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.hasPrefix("tranche: "))
    }
}
