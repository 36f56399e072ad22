import Foundation
import Tranche

/// The access tokens of an account, each kept for as long as it is good.
actor GoogleTokens {
    private static let scope = "https://www.googleapis.com/auth/devstorage.read_only"

    private let credentials: ObjectStoreConfiguration.Google.Credentials
    private let client: HTTPClient
    private let now: @Sendable () -> Date
    private var held: (token: String, until: Date)?

    init(
        _ credentials: ObjectStoreConfiguration.Google.Credentials,
        _ client: HTTPClient,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.credentials = credentials
        self.client = client
        self.now = now
    }

    /// A token; `nil` when there are no credentials.
    ///
    /// - Parameter refused: A token that was refused.
    /// - Returns: The token; `nil` as well when there is no other than the one that was refused.
    /// - Throws: `TrancheError` `.invalidArgument` for credentials that cannot be used;
    ///   `.sourceUnavailable`.
    func token(other refused: String? = nil) async throws -> String? {
        switch credentials {
        case .none: return nil
        case .token(let token): return token == refused ? nil : token
        case .file(let path):
            if let held, held.until > now(), held.token != refused { return held.token }
            let fresh = try await ask(path)
            held = fresh
            return fresh.token
        }
    }

    /// Asks for a token.
    private func ask(_ path: String) async throws -> (token: String, until: Date) {
        let account = try GoogleAccount(contentsOf: path)
        let asked = now()
        let body = try account.request(scope: Self.scope, at: asked)
        let response: HTTPResponse
        do {
            response = try await client.send(
                HTTPRequest(
                    method: .post,
                    url: account.tokenURL,
                    headers: ["Content-Type": "application/x-www-form-urlencoded"],
                    body: Array(body.utf8)
                )
            )
        } catch let error as HTTPError {
            throw error.asSourceError
        }
        guard response.isSuccess else {
            let isPassing = HTTPError.category(status: response.status) == .transient
            throw TrancheError(
                isPassing ? .sourceUnavailable : .invalidSource,
                "\(account.tokenURL.withoutSecrets) gives no token for the account of '\(path)': it "
                    + "answered \(response.status) \(response.excerpt)"
            )
        }
        let reply: Reply
        do {
            reply = try JSONDecoder().decode(Reply.self, from: Data(response.body))
        } catch {
            // The answer holds the token, and so is not shown.
            throw TrancheError(
                .sourceFailed,
                "\(account.tokenURL.withoutSecrets) answered without a token"
            )
        }
        // It is not used in its last minute: a request takes some time.
        return (reply.access_token, asked.addingTimeInterval(Double(reply.expires_in ?? 3600) - 60))
    }

    private struct Reply: Decodable {
        var access_token: String
        var expires_in: Int?
    }
}

/// What a file of credentials says of an account.
struct GoogleAccount: Sendable {
    let tokenURL: String
    private let fields: Fields

    private struct Fields: Decodable {
        var type: String?
        var client_email: String?
        var private_key: String?
        var private_key_id: String?
        var token_uri: String?
        var client_id: String?
        var client_secret: String?
        var refresh_token: String?
    }

    /// Reads a file.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`; it shows nothing of what is in the file.
    init(contentsOf path: String) throws {
        let content: Data
        do {
            content = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw TrancheError(
                .invalidArgument,
                "the credentials in '\(path)' (GOOGLE_APPLICATION_CREDENTIALS) cannot be read",
                underlying: error
            )
        }
        do {
            fields = try JSONDecoder().decode(Fields.self, from: content)
        } catch {
            throw Self.unusable(path, "it is no JSON object as Google makes it")
        }
        let isAccount = fields.client_email != nil && fields.private_key != nil
        guard isAccount || (fields.refresh_token != nil && fields.client_id != nil) else {
            throw Self.unusable(
                path,
                "it holds neither a service account's client_email and private_key nor a client_id "
                    + "and refresh_token" + (fields.type.map { " (its type is \($0))" } ?? "")
            )
        }
        tokenURL = fields.token_uri ?? "https://oauth2.googleapis.com/token"
    }

    private static func unusable(_ path: String, _ reason: String) -> TrancheError {
        TrancheError(.invalidArgument, "the credentials in '\(path)' cannot be used: \(reason)")
    }

    /// The body of a request for a token.
    ///
    /// - Parameters:
    ///   - scope: What the token is for.
    ///   - time: The time now.
    /// - Returns: The form.
    /// - Throws: `TrancheError` `.invalidArgument` for a key that is none.
    func request(scope: String, at time: Date) throws -> String {
        guard let email = fields.client_email, let key = fields.private_key else {
            // Source: RFC 6749, section 6.
            return queryText([
                "grant_type": "refresh_token",
                "client_id": fields.client_id ?? "",
                "client_secret": fields.client_secret ?? "",
                "refresh_token": fields.refresh_token ?? "",
            ])
        }
        // Source: RFC 7523, section 2.1; RFC 7515.
        var header = ["alg": "RS256", "typ": "JWT"]
        header["kid"] = fields.private_key_id
        let start = Int(time.timeIntervalSince1970)
        let claims = Claims(
            iss: email,
            scope: scope,
            aud: tokenURL,
            iat: start,
            exp: start + 3600
        )
        let signed =
            try base64URL(JSONText.encode(header).utf8) + "."
            + base64URL(JSONText.encode(claims).utf8)
        let signature = try RSAPrivateKey(pem: key).signature(of: Array(signed.utf8))
        return queryText([
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": "\(signed).\(base64URL(signature))",
        ])
    }

    private struct Claims: Encodable {
        var iss: String
        var scope: String
        var aud: String
        var iat: Int
        var exp: Int
    }
}

/// Base 64 as URLs have it.
///
/// Source: RFC 4648, section 5.
private func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString()
        .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}
