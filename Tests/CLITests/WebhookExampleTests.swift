import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(5))) struct WebhookExampleTests {
    private static let engine = ProcessInfo.processInfo.environment["TRANCHE_TEST_CONTAINERS"] ?? ""

    /// Posts a body with curl, signed by openssl.
    private func post(_ body: String, key: String, secret: String, to url: String) async throws
        -> String
    {
        try await withTemporaryFolder { folder in
            let file = folder.path("body")
            try Data(body.utf8).write(to: URL(filePath: file))
            let script = """
                signature=$(openssl dgst -sha256 -hmac '\(secret)' -hex <'\(file)' \
                | sed 's/.* //')
                exec curl -sS -m 60 -w '%{http_code}' -H 'Content-Type: application/json' \
                -H "X-Signature: $signature" -H 'Idempotency-Key: \(key)' \
                --data-binary '@\(file)' \(url)
                """
            let outcome = try await Executable("/bin/sh").run(["-c", script])
            #expect(outcome.code == 0, "\(outcome.errors)")
            return outcome.output
        }
    }

    @Test(
        "The webhook of the examples has a container work on each delivery once",
        .enabled(if: !engine.isEmpty)
    )
    func webhook() async throws {
        let bench = try await CommandLineBench()
        let example = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../examples/pipelines/webhook/pipeline.yaml").standardizedFileURL
        let port = try LocalListener.freePort()
        // The tests' engine has one image, and asks no registry.
        let text = try String(contentsOf: example, encoding: .utf8)
            .replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
            .replacing("docker.io/library/busybox:1", with: "localhost/tranche-test:1")
            .replacing("network: none", with: "network: none\n      pull: never")
        try bench.write(text, to: "pipeline.yaml")
        try bench.write("some-long-secret\n", to: "secret.txt")
        var environment = bench.environment
        environment["DOCKER_HOST"] = Self.engine
        let running = try Executable("/bin/sh").start(
            [
                "-c",
                "cd '\(bench.folder.path)' && exec '\(Executable.tranche.path)' run pipeline.yaml",
            ],
            environment: environment
        )
        defer { running.send(SIGKILL) }
        try await LocalListener.waitForSomebody(on: port)
        let url = "http://127.0.0.1:\(port)/orders"
        let body = #"{"order": 7}"#
        let first = try await post(body, key: "order-7", secret: "some-long-secret", to: url)
        #expect(first == "{\"event\":1,\"duplicate\":false}\n202")
        let again = try await post(body, key: "order-7", secret: "some-long-secret", to: url)
        #expect(again == "{\"event\":1,\"duplicate\":true}\n200")
        let other = try await post("{}", key: "order-7", secret: "some-long-secret", to: url)
        #expect(other.hasSuffix("409"), "\(other)")
        let forged = try await post(body, key: "order-8", secret: "another", to: url)
        #expect(forged.hasSuffix("401"), "\(forged)")
        let isDone = try await eventually {
            try bench.rows("SELECT status FROM inventory") == ["succeeded"]
        }
        #expect(isDone, "\(running.errors)")
        let results = try bench.rows("SELECT job_result_item FROM inventory")
        #expect(results.first?.contains(#""id":"order-7""#) == true, "\(results)")
        #expect(results.first?.contains(#""payload":{"order": 7}"#) == true, "\(results)")
        // What is too long for a variable comes on standard input.
        let long = String(repeating: "x", count: 100_000)
        let third = try await post(
            #"{"order": "\#(long)"}"#,
            key: "order-9",
            secret: "some-long-secret",
            to: url
        )
        #expect(third.hasSuffix("202"), "\(third)")
        let isLongDone = try await eventually {
            try bench.rows("SELECT status FROM inventory ORDER BY id")
                == ["succeeded", "succeeded"]
        }
        #expect(isLongDone, "\(running.errors)")
        let longest = try bench.rows("SELECT max(length(job_result_item)) FROM inventory")
        #expect(longest.first.flatMap { Int($0) }.map { $0 > 60_000 } == true, "\(longest)")
        running.send(SIGTERM)
        let outcome = await running.outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
    }
}
