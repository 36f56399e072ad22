import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains

@testable import TrancheHTTP

@Suite("Tokens of Google accounts", .timeLimit(.minutes(10)))
struct GoogleTokenTests {
    /// A service account with a key of its own, whose tokens a server of the test gives.
    private func account(_ folder: TemporaryFolder, tokens: String) throws -> String {
        let key = folder.path("key.pem")
        try OpenSSL.run(["genpkey", "-algorithm", "RSA", "-out", key])
        let pem = try String(contentsOfFile: key, encoding: .utf8)
        let document: [String: String] = [
            "type": "service_account", "client_email": "loader@project.example",
            "private_key": pem,
            "private_key_id": "key-1", "token_uri": "\(tokens)/token",
        ]
        let path = folder.path("account.json")
        try JSONEncoder().encode(document)
            .write(to: URL(filePath: path))
        return path
    }

    private func decoded(_ part: Substring) throws -> Data {
        var text = String(part).replacing("-", with: "+").replacing("_", with: "/")
        while text.count % 4 != 0 { text += "=" }
        let data = Data(base64Encoded: text)
        return try #require(data)
    }

    private func form(_ body: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            fields[parts[0]] = parts.last?.removingPercentEncoding
        }
        return fields
    }

    @Test("A service account signs for itself, and OpenSSL finds the signature good")
    func signs() async throws {
        try await withTemporaryFolder { folder in
            try await withHTTPServer { _, _ in
                .init(200, text: "{\"access_token\": \"token-1\", \"expires_in\": 3600}")
            } _: { server in
                let path = try account(folder, tokens: server.url)
                let time = Date(timeIntervalSince1970: 1_800_000_000)
                let tokens = GoogleTokens(.file(path), HTTPClient()) { time }
                let token = try await tokens.token()
                #expect(token == "token-1")
                let fields = form(try #require(server.requests.first).text)
                #expect(fields["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
                let parts = try #require(fields["assertion"]).split(separator: ".")
                #expect(parts.count == 3)
                let header = try JSONDecoder().decode(
                    [String: String].self,
                    from: decoded(parts[0])
                )
                #expect(header == ["alg": "RS256", "typ": "JWT", "kid": "key-1"])
                let claims = try JSONSerialization.jsonObject(with: decoded(parts[1]))
                let named = try #require(claims as? [String: Any])
                #expect(named["iss"] as? String == "loader@project.example")
                #expect(named["aud"] as? String == "\(server.url)/token")
                // What writes a snapshot has the same token.
                let scope = "https://www.googleapis.com/auth/devstorage.read_write"
                #expect(named["scope"] as? String == scope)
                #expect(named["iat"] as? Int == 1_800_000_000)
                #expect(named["exp"] as? Int == 1_800_003_600)
                let (signed, signature) = (folder.path("signed"), folder.path("signature"))
                try Data("\(parts[0]).\(parts[1])".utf8).write(to: URL(filePath: signed))
                try decoded(parts[2]).write(to: URL(filePath: signature))
                let publicKey = folder.path("public.pem")
                try OpenSSL.run(
                    ["pkey", "-in", folder.path("key.pem"), "-pubout", "-out", publicKey]
                )
                let answer = try OpenSSL.run(
                    ["dgst", "-sha256", "-verify", publicKey, "-signature", signature, signed]
                )
                #expect(answer.contains("Verified OK"))
            }
        }
    }

    @Test("A token is used until shortly before its end, and a refused one is replaced")
    func keepsTokens() async throws {
        try await withTemporaryFolder { folder in
            try await withHTTPServer { _, before in
                .init(200, text: "{\"access_token\": \"token-\(before + 1)\", \"expires_in\": 100}")
            } _: { server in
                let clock = SkippingClock()
                let start = Date(timeIntervalSince1970: 1_800_000_000)
                let path = try account(folder, tokens: server.url)
                let tokens = GoogleTokens(.file(path), HTTPClient()) {
                    start.addingTimeInterval(clock.now.offset / .seconds(1))
                }
                let first = try await tokens.token()
                try await clock.sleep(for: .seconds(39))
                let second = try await tokens.token()
                #expect([first, second] == ["token-1", "token-1"])
                try await clock.sleep(for: .seconds(2))
                let third = try await tokens.token()
                #expect(third == "token-2")
                let fourth = try await tokens.token(other: "token-2")
                #expect(fourth == "token-3")
            }
        }
    }

    /// What a store says of an object of twelve bytes, or what is in it.
    private static func object(_ request: LocalHTTPServer.Request) -> LocalHTTPServer.Reply {
        guard request.target.contains("alt=media") else {
            return .init(200, text: "{\"size\": \"12\", \"generation\": \"7\"}")
        }
        var reply = LocalHTTPServer.Reply(206, Array("id,n\n1,2\n3,4".utf8))
        reply.headers["Content-Range"] = "bytes 0-11/12"
        return reply
    }

    @Test("What reads an object has the token, and asks for another when it is refused")
    func sendsTokens() async throws {
        try await withTemporaryFolder { folder in
            try await withHTTPServer { request, before in
                if request.target == "/token" {
                    return .init(200, text: "{\"access_token\": \"token-\(before)\"}")
                }
                guard request.headers["authorization"] == "Bearer token-2" else {
                    return .init(401, text: "{\"error\": {\"message\": \"Invalid Credentials\"}}")
                }
                return Self.object(request)
            } _: { server in
                let configuration = try ObjectStoreConfiguration(
                    environment: [
                        "STORAGE_EMULATOR_HOST": server.url,
                        "GOOGLE_APPLICATION_CREDENTIALS": account(folder, tokens: server.url),
                    ]
                )
                let reader = try await ByteLocation.object("gs://b/c.csv", configuration).open()
                let state = try await reader.state()
                #expect(state == ByteState(size: 12, version: "generation 7"))
            }
        }
    }

    @Test("A token that was given is sent as it is")
    func givenToken() async throws {
        try await withHTTPServer { request, _ in
            request.headers["authorization"] == "Bearer given"
                ? Self.object(request)
                : .init(401, text: "{\"error\": {\"message\": \"Invalid Credentials\"}}")
        } _: { server in
            for (token, isGood) in [("given", true), ("other", false)] {
                let configuration = try ObjectStoreConfiguration(
                    environment: [
                        "STORAGE_EMULATOR_HOST": server.url, "GOOGLE_OAUTH_ACCESS_TOKEN": token,
                    ]
                )
                let location = try ByteLocation.object("gs://b/c.csv", configuration)
                if isGood {
                    _ = try await location.open()
                } else {
                    let error = try await #require(throws: TrancheError.self) {
                        _ = try await location.open()
                    }
                    #expect(error.code == .invalidSource)
                    #expect(error.message.contains("Invalid Credentials"))
                    #expect(!error.message.contains("other"))
                }
            }
        }
    }

    @Test(
        "Credentials that cannot be used are told, and not shown",
        arguments: [
            "no JSON", "{\"type\": \"external_account\", \"secret\": \"hidden\"}",
            "{\"client_email\": \"a\", \"private_key\": \"hidden\"}",
        ]
    )
    func badCredentials(content: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("account.json")
            try Data(content.utf8).write(to: URL(filePath: path))
            let tokens = GoogleTokens(.file(path), HTTPClient())
            let error = try await #require(throws: TrancheError.self) {
                _ = try await tokens.token()
            }
            #expect(error.code == .invalidArgument)
            #expect(!error.message.contains("hidden"))
            let missing = GoogleTokens(.file(folder.path("none.json")), HTTPClient())
            let other = try await #require(throws: TrancheError.self) {
                _ = try await missing.token()
            }
            #expect(other.message.contains("none.json"))
        }
    }
}
