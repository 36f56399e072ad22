import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator

@Suite("Webhooks as processes", .timeLimit(.minutes(5)))
struct WebhookProcessTests {
    private func text(
        _ url: String,
        _ more: String = "",
        link: String = "count: 2",
        payloads: String = #"'{"a":1}', '{"a":2}', '{"a":3}'"#
    ) -> String {
        """
        inputs: {in: {type: given, payloads: [\(payloads)]}}
        processes:
          hook: {type: webhook, url: '\(url)'\(more)}
        links: [{from: in, to: hook, max_attempts: 2, backoff: 0s, \(link)}]
        """
    }

    @Test("A batch is a request, which says which it is and says so again")
    func batches() async throws {
        try await withPipelineWorld(environment: ["TOKEN": "Bearer x"]) { world in
            let secret = try world.write("shh\n", to: "secret")
            try await withHTTPServer { _, before in
                before == 0 ? .init(400) : .init(204)
            } _: { server in
                let more =
                    ", headers: {Authorization: {env: TOKEN}, X-Kind: plain}, secret: {file: '\(secret)'}"
                // The last event stays, so that its batch can be tried again.
                let text = text(server.url, more, payloads: #"'{"a":1}'"#)
                let failures = try await world.drain(text)
                #expect(failures.count == 1)
                let failed = try await world.batches("in/hook").map(\.id)
                _ = try await world.inventory.retry(BatchSelection(ids: failed))
                #expect(try await world.drain(text) == [])
                let requests = server.requests
                try #require(requests.count == 2)
                #expect(requests[0].headers["idempotency-key"] != nil)
                #expect(
                    requests[0].headers["idempotency-key"] == requests[1].headers["idempotency-key"]
                )
                #expect(requests[0].headers["authorization"] == "Bearer x")
                #expect(requests[0].headers["x-kind"] == "plain")
                #expect(requests[0].headers["webhook-signature"]?.hasPrefix("v1,") == true)
                let first =
                    #"{"location":"here","operation":"create","id":"0","trigger":"in","payload":{"a":1}}"#
                #expect(requests[1].text.hasSuffix(#""events":[\#(first)]}"#))
                #expect(requests[1].text.hasPrefix(#"{"job":"in/hook","run":"","batch":"#))
            }
        }
    }

    @Test("Each event may be a request: one that is refused is quarantined alone")
    func each() async throws {
        try await withPipelineWorld { world in
            try await withHTTPServer { request, _ in
                request.text.contains(#"{"a":2}"#) ? .init(422, text: "no 2") : .init(200)
            } _: { server in
                let failures = try await world.drain(text(server.url, ", each: true, method: PUT"))
                #expect(failures.count == 1 && failures[0].contains("no 2"), "\(failures)")
                let bad = try await world.batches("in/hook").filter { $0.status == .quarantined }
                #expect(bad.map(\.idStart) == [2])
                let left = server.requests.filter { !$0.text.contains(#"{"a":2}"#) }
                #expect(left.allSatisfy { $0.method == "PUT" })
                #expect(Set(left.map(\.text)).count == 2)
                #expect(left.allSatisfy { $0.text.hasPrefix(#"{"location":"here""#) })
            }
        }
    }

    @Test("A receiver that asks to come back later parks the budget, and nothing has failed")
    func deferral() async throws {
        try await withPipelineWorld { world in
            try await withHTTPServer { _, before in
                before == 0 ? .init(429, headers: ["Retry-After": "0"]) : .init(200)
            } _: { server in
                let link = "count: 3, budgets: [api]"
                _ = try await world.inventory.setBudget("api", BudgetLimits(batches: 8))
                #expect(
                    try await world.drain(text(server.url, ", budget: api", link: link)) == []
                )
                #expect(try await world.batches("in/hook").map(\.failures) == [0])
                #expect(server.requests.count == 2)
            }
        }
    }

    @Test("A request that is sent again is told at once, once for a link, and without its secrets")
    func retried() async throws {
        try await withPipelineWorld { world in
            try await withHTTPServer { _, before in
                before < 4 ? .init(500, text: "out of order") : .init(204)
            } _: { server in
                var world = world
                world.environment["HOOK"] = "\(server.url)/hook?token=hidden"
                let pipeline = try world.pipeline(
                    """
                    inputs: {in: {type: given, payloads: ['{"a":1}', '{"a":2}']}}
                    processes: {hook: {type: webhook, url: {env: HOOK}}}
                    links: [{from: in, to: hook, count: 1}]
                    """
                )
                let told = Mutex<[String]>([])
                let orchestrator = try pipeline.orchestrator(on: world.inventory) {
                    $0.onTrouble = { job, batch, words in
                        told.withLock { $0.append("\(job) \(batch.key.job): \(words)") }
                    }
                }
                try await orchestrator.drain()
                #expect(try await world.batches("in/hook").map(\.failures) == [0, 0])
                let lines = told.withLock { $0 }
                try #require(lines.count == 1, "\(lines)")
                #expect(lines[0].hasPrefix("in/hook in/hook: \(server.url)/hook "), "\(lines)")
                let words = "/hook answered 500: out of order; the request is sent again in "
                #expect(lines[0].contains(words), "\(lines)")
                #expect(!lines[0].contains("hidden"), "\(lines)")
            }
        }
    }

    @Test("What a webhook cannot be is said with its place; secrets stand elsewhere")
    func refused() async throws {
        try await withPipelineWorld { world in
            for (url, more, words) in [
                ("ftp://x", "", "is not a URL of a webhook"),
                ("https://u:p@example.org", "", "holds a password"),
                ("https://example.org/ok?a=1&token=abc", "", "'token' sounds secret"),
                ("https://example.org/ok?api_key=abc", "", "'api_key' sounds secret"),
                ("https://example.org/ok?key=abc", "", "'key' sounds secret"),
                ("https://example.org/ok?X-Amz-Signature=abc", "", "sounds secret"),
                ("https://example.org", ", headers: {Authorization: abc}", "is a secret"),
                ("https://example.org", ", headers: {'X Y': abc}", "is not the name of a header"),
                ("https://example.org", ", headers: {X-Api-Key: abc}", "is a secret"),
                ("https://example.org", ", secret: abc", "is a secret"),
                ("https://example.org", ", secret: {vault: abc}", "{env: NAME}"),
                ("https://example.org", ", method: GET", "GET"),
                ("https://example.org", ", timeout: 0s", "timeout"),
                ("https://example.org", ", ech: true", "did you mean 'each'?"),
            ] {
                let found = world.faults(text(url, more))
                #expect(found.count == 1, "\(more): \(found)")
                #expect(found.allSatisfy { $0.hasPrefix("p.yaml:3:") }, "\(found)")
                #expect(found.contains { $0.contains(words) }, "\(more): \(found)")
            }
        }
    }

    @Test("A variable that is not set is an error that names it")
    func unset() async throws {
        try await withPipelineWorld { world in
            let more = ", headers: {Authorization: {env: NO_TOKEN}}"
            let failures = try await world.drain(text("http://127.0.0.1:9", more))
            #expect(!failures.isEmpty)
            #expect(failures.allSatisfy { $0.contains("NO_TOKEN is not set") }, "\(failures)")
        }
    }
}
