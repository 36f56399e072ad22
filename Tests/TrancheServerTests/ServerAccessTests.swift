import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP

@testable import TrancheServer

@Suite("Who may do what", .serialized, .timeLimit(.minutes(5)))
struct ServerAccessTests {
    private struct Tokens: Sendable {
        var look = "", work = "", operate = "", other = ""
        var file = ""

        init() throws {
            func make(_ name: String, _ role: ServerRole, _ jobs: [String] = []) throws -> String {
                let (token, line) = try AccessTokens.make(name: name, roles: [role], jobs: jobs)
                file += line + "\n"
                return token
            }
            look = try make("anna", .look)
            work = try make("bert", .work)
            operate = try make("cora", .operate)
            other = try make("dora", .operate, ["other"])
        }

        func field(_ token: String) -> [String: String] { ["Authorization": "Bearer \(token)"] }
    }

    private func serve(
        _ body: @escaping @Sendable (ServerBench, Tokens) async throws -> Void
    ) async throws {
        let tokens = try Tokens()
        let access = try AccessTokens(text: "# who\n\n" + tokens.file, file: "tokens")
        try await ServerBench.serve(.sqlite, { $0.tokens = access }) { try await body($0, tokens) }
    }

    @Test("Each role does what it is for, and nothing else; without a token there is nothing")
    func roles() async throws {
        try await serve { bench, tokens in
            for (token, look, work, operate) in [
                ("", 401, 401, 401), ("tranche_x", 401, 401, 401), (tokens.look, 200, 403, 403),
                (tokens.work, 403, 200, 403), (tokens.operate, 200, 403, 200),
            ] {
                let field = token.isEmpty ? [:] : tokens.field(token)
                #expect(try await bench.get("/v1/overview", headers: field).status == look)
                let acquired = try await bench.post("/v1/jobs/thumbs/acquire", headers: field)
                #expect(acquired.status == work)
                let set = try await bench.post(
                    "/v1/budgets/api/set",
                    #"{"batches": 3}"#,
                    headers: field
                )
                #expect(set.status == operate, "\(set.excerpt)")
            }
            let refused = try await bench.get("/v1/overview")
            #expect(refused.headers["www-authenticate"] == "Bearer")
            let wrong = try await bench.get("/v1/overview", headers: tokens.field("tranche_x"))
            #expect(
                try wrong.document(RefusalDocument.self).error == "this token is not known"
            )
            #expect(try await bench.get("/healthz").status == 200)
            #expect(try await bench.get("/").status == 200)
        }
    }

    @Test("A token of some jobs sees no other, and who changed something is kept by its name")
    func jobs() async throws {
        try await serve { bench, tokens in
            let acquired = try await bench.post(
                "/v1/jobs/thumbs/acquire",
                headers: tokens.field(tokens.work)
            ).object()
            let id = try #require((acquired["batch"] as? [String: Any])?["batch"])
            let field = tokens.field(tokens.other)
            let overview = try await bench.get("/v1/overview", headers: field)
            #expect(!overview.text.contains("thumbs"))
            for path in [
                "/v1/runs/thumbs/-", "/v1/batches/\(id)", "/v1/batches/\(id)/attempts",
                "/v1/runs/thumbs/-/batches", "/v1/runs/thumbs/-/audit",
            ] {
                #expect(try await bench.get(path, headers: field).status == 404, "\(path)")
            }
            #expect(try await bench.get("/v1/runs", headers: field).text.contains(#""runs":[]"#))
            #expect(!(try await bench.get("/v1/items/1", headers: field)).text.contains("thumbs"))
            #expect(!(try await bench.get("/metrics", headers: field)).text.contains("thumbs"))
            let paused = try await bench.post("/v1/runs/thumbs/-/pause", headers: field)
            #expect(paused.status == 404)
            let cancelled = try await bench.post(
                "/v1/runs/thumbs/-/cancel",
                #"{"reason": "wrong size"}"#,
                headers: tokens.field(tokens.operate)
            )
            #expect(cancelled.status == 200)
            let changes = try await bench.get("/v1/changes", headers: tokens.field(tokens.look))
            #expect(changes.text.contains(#""by":"cora""#))
            #expect(changes.text.contains("wrong size"))
        }
    }

    @Test("The page logs in for a cookie, and out again; a request of another page fails")
    func sessions() async throws {
        try await serve { bench, tokens in
            #expect(try await bench.get("/v1/session").object()["needs_token"] as? Bool == true)
            let wrong = try await bench.post("/v1/session", #"{"token": "tranche_x"}"#)
            #expect(wrong.status == 401)
            let login = try await bench.post("/v1/session", #"{"token": "\#(tokens.operate)"}"#)
            #expect(login.status == 200)
            let cookie = try #require(login.headers["set-cookie"])
            for part in ["HttpOnly", "SameSite=Strict", "Path=/"] { #expect(cookie.contains(part)) }
            #expect(!cookie.contains(tokens.operate))
            let value = String(cookie.prefix { $0 != ";" })
            let csrf = try #require(try login.object()["csrf"] as? String)
            let path = "/v1/runs/thumbs/-/pause"
            _ = try await bench.post(
                "/v1/jobs/thumbs/acquire",
                headers: tokens.field(tokens.work)
            )
            #expect(try await bench.get("/v1/overview", headers: ["Cookie": value]).status == 200)
            #expect(try await bench.post(path, headers: ["Cookie": value]).status == 403)
            let whole = ["Cookie": value, "X-CSRF-Token": csrf]
            #expect(try await bench.post(path, headers: whole).status == 200)
            for other in [
                ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
                ["Origin": "https://evil.example"], ["Origin": "null"],
            ] {
                let headers = whole.merging(other) { $1 }
                #expect(try await bench.post(path, headers: headers).status == 403, "\(other)")
            }
            let own = whole.merging(["Origin": "http://\(bench.address)"]) { $1 }
            #expect(try await bench.post(path, headers: own).status == 200)
            #expect(try await bench.send(.delete, "/v1/session", headers: whole).status == 204)
            #expect(try await bench.get("/v1/overview", headers: ["Cookie": value]).status == 401)
        }
    }

    @Test("Nobody has a body read who may not send it")
    func bodies() async throws {
        try await serve { bench, tokens in
            for token in ["tranche_x", tokens.look] {
                let client = try RawClient(bench.address.port)
                await client.send(
                    "POST /v1/runs/thumbs/-/pause HTTP/1.1\r\nHost: localhost\r\n"
                        + "Authorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
                        + "Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
                )
                let status = RawClient.Reply(await client.read(until: "\r\n\r\n")).status
                #expect(status == (token == tokens.look ? 403 : 401))
            }
            let login = #"{"token": "\#(String(repeating: "x", count: 5000))"}"#
            #expect(try await bench.post("/v1/session", login).status == 413)
        }
    }

    @Test("A name that stands for this machine's loopback is refused")
    func rebinding() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let answer = try await bench.get("/v1/overview", headers: ["Host": "evil.example"])
            #expect(answer.status == 421)
            let description = try await bench.get("/v1/openapi.json").object()
            let paths = try #require(description["paths"] as? [String: [String: Any]])
            #expect(!paths.isEmpty)
            for operation in paths.values.flatMap(\.values) {
                let operation = try #require(operation as? [String: Any])
                let answers = try #require(operation["responses"] as? [String: Any])
                #expect(answers["421"] != nil, "\(operation)")
            }
        }
    }

    @Test("Lines of tokens that are wrong are named; an address that others reach needs tokens")
    func configuration() throws {
        for (text, words) in [
            ("anna look", "line 1"), ("\nanna boss \(String(repeating: "0", count: 64))", "line 2"),
            ("anna look 00", "64 digits"),
        ] {
            #expect(throws: TrancheError.self) { try AccessTokens(text: text, file: "t") }
            do {
                _ = try AccessTokens(text: text, file: "t")
            } catch {
                #expect("\(error)".contains(words))
            }
        }
        var configuration = InventoryServer.Configuration(try ListenAddress("0.0.0.0:7483"))
        #expect(throws: TrancheError.self) { try configuration.validate() }
        configuration.tokens = try AccessTokens(text: "", file: "t")
        try configuration.validate()
        configuration.base = "tranche/"
        #expect(throws: TrancheError.self) { try configuration.validate() }
    }
}
