import Foundation
import Testing
import Tranche

@testable import TrancheServer

/// Signatures are made by openssl's own program.
@Suite("Signatures of webhooks")
struct WebhookVerifierTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let body = #"{"id":"evt_1","text":"ä\n"}"#

    private func hex(_ text: String, _ secret: String) async throws -> String {
        let bytes = secret.utf8.map { String(format: "%02x", $0) }.joined()
        let output = try await Program.run(
            "openssl",
            ["dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:\(bytes)", "-hex"],
            input: Array(text.utf8)
        )
        return try #require(output.split(separator: " ").last).trimmingCharacters(in: .newlines)
    }

    private func base64(_ hex: String) -> String {
        let pairs = stride(from: 0, to: hex.count, by: 2).map { place in
            UInt8(hex.dropFirst(place).prefix(2), radix: 16) ?? 0
        }
        return Data(pairs).base64EncodedString()
    }

    private func request(_ headers: HTTPFields, body: String? = nil) -> HTTPServerRequest {
        HTTPServerRequest(
            method: "POST",
            path: "/",
            headers: headers,
            body: Array((body ?? self.body).utf8)
        )
    }

    private func accepts(
        _ scheme: WebhookScheme,
        _ secrets: [String],
        _ request: HTTPServerRequest
    ) throws -> Bool {
        try WebhookVerifier(scheme, secrets: secrets, tolerance: .seconds(300))
            .accepts(request, at: now)
    }

    @Test("GitHub's")
    func github() async throws {
        // From GitHub's documentation, "Validating webhook deliveries".
        let known = request(
            [
                "X-Hub-Signature-256":
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
            ],
            body: "Hello, World!"
        )
        #expect(try accepts(.github, ["It's a Secret to Everybody"], known))
        #expect(try !accepts(.github, ["It's a secret to Everybody"], known))
        let right = try await hex(body, "s")
        #expect(try accepts(.github, ["s"], request(["x-hub-signature-256": "sha256=\(right)"])))
        #expect(
            try accepts(.github, ["new", "s"], request(["X-Hub-Signature-256": "sha256=\(right)"]))
        )
        for wrong in [
            "", right, "sha1=\(right)", "sha256=", "sha256=\(right)00", "sha256=+\(right)",
        ] {
            #expect(try !accepts(.github, ["s"], request(["X-Hub-Signature-256": wrong])))
        }
        let other = request(["X-Hub-Signature-256": "sha256=\(right)"], body: body + " ")
        #expect(try !accepts(.github, ["s"], other))
        #expect(try !accepts(.github, ["s"], request([:])))
    }

    @Test("Stripe's: over a time, which must be near, with several versions")
    func stripe() async throws {
        func header(_ time: Int, _ secret: String = "whsec_abc") async throws -> String {
            "t=\(time),v1=\(try await hex("\(time).\(body)", secret))"
        }
        let seconds = Int(now.timeIntervalSince1970)
        for time in [seconds, seconds - 300, seconds + 300] {
            let request = request(["Stripe-Signature": try await header(time)])
            #expect(try accepts(.stripe, ["whsec_abc"], request))
        }
        for time in [seconds - 301, seconds + 301, 0, -seconds] {
            let request = request(["Stripe-Signature": try await header(time)])
            #expect(try !accepts(.stripe, ["whsec_abc"], request), "\(time)")
        }
        let right = try await header(seconds)
        let zeros = String(repeating: "0", count: 64)
        let several = right.replacingOccurrences(of: ",v1", with: ",v0=x,v1=\(zeros),v1")
        #expect(try accepts(.stripe, ["whsec_abc"], request(["Stripe-Signature": several])))
        for wrong in [
            "", "t=\(seconds)", right.replacingOccurrences(of: "v1", with: "v0"),
            right + ",t=\(seconds)", right.replacingOccurrences(of: "t=", with: "t= "),
            try await header(seconds, "other"),
        ] {
            let isRight = try accepts(.stripe, ["whsec_abc"], request(["Stripe-Signature": wrong]))
            #expect(!isRight || wrong.contains("t= "), "\(wrong)")
        }
    }

    @Test("Standard Webhooks': over id, time and body, with several signatures")
    func standard() async throws {
        let plain = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let seconds = Int(now.timeIntervalSince1970)
        let signature = base64(try await hex("msg_1.\(seconds).\(body)", plain))
        let encoded = "whsec_" + Data(plain.utf8).base64EncodedString()
        func headers(_ change: (inout HTTPFields) -> Void = { _ in }) -> HTTPFields {
            var headers: HTTPFields = [
                "webhook-id": "msg_1", "webhook-timestamp": "\(seconds)",
                "webhook-signature": "v1,\(signature)",
            ]
            change(&headers)
            return headers
        }
        #expect(try accepts(.standard, [encoded], request(headers())))
        #expect(try accepts(.standard, [plain], request(headers())))
        let several = headers { $0["webhook-signature"] = "v1a,x v1,AAAA v1,\(signature)" }
        #expect(try accepts(.standard, [encoded], request(several)))
        for (name, value) in [
            ("webhook-id", "msg_2"), ("webhook-timestamp", "\(seconds + 1)"),
            ("webhook-signature", signature), ("webhook-signature", "v2,\(signature)"),
        ] {
            let wrong = headers { $0[name] = value }
            #expect(try !accepts(.standard, [encoded], request(wrong)), "\(name)")
            let missing = headers { $0[name] = nil }
            #expect(try !accepts(.standard, [encoded], request(missing)), "\(name)")
        }
        #expect(throws: TrancheError.self) {
            try WebhookVerifier(.standard, secrets: ["whsec_%"], tolerance: .seconds(1))
        }
    }

    @Test("Any keyed digest of the body in a header field, in hexadecimal or base 64")
    func hmac() async throws {
        let right = try await hex(body, "s")
        let scheme = WebhookScheme.hmacSHA256(header: "X-Sig")
        for good in [right, "sha256=\(right)", right.uppercased(), base64(right)] {
            #expect(try accepts(scheme, ["s"], request(["x-sig": good])), "\(good)")
        }
        for wrong in ["", "x", String(right.dropLast()), String(base64(right).dropLast(4))] {
            #expect(try !accepts(scheme, ["s"], request(["x-sig": wrong])), "\(wrong)")
        }
    }

    @Test("A token, where there is one")
    func token() throws {
        #expect(try accepts(.none, [], request([:])))
        let good = request(["Authorization": "bearer abc"])
        #expect(try accepts(.none, ["xyz", "abc"], good))
        for wrong in ["abc", "Bearer abcd", "Bearer", "Basic abc", "Bearer abc d"] {
            #expect(try !accepts(.none, ["abc"], request(["Authorization": wrong])), "\(wrong)")
        }
    }

    @Test("Secrets are read from a file with one a line, or a variable, and are never shown")
    func secrets() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "s-\(UUID())").path
        #expect(throws: TrancheError.self) { try WebhookSecret.file(file).values([:]) }
        try Data("one\n\n  two\r\n".utf8).write(to: URL(filePath: file))
        #expect(try WebhookSecret.file(file).values([:]) == ["one", "two"])
        try Data("\n".utf8).write(to: URL(filePath: file))
        #expect(throws: TrancheError.self) { try WebhookSecret.file(file).values([:]) }
        try FileManager.default.removeItem(atPath: file)
        #expect(try WebhookSecret.environment("S").values(["S": "x"]) == ["x"])
        #expect(throws: TrancheError.self) { try WebhookSecret.environment("S").values([:]) }
    }
}
