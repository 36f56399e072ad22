import FoundationEssentials
import Tranche

/// The access tokens of an account, each kept for as long as it is good.
actor GoogleTokens {
    /// Reading and writing, as snapshots are written to the places that others read from.
    ///
    /// It is no more than a bound: what an account may do, its roles say, and one that may only
    /// read gets the token all the same.
    private static let scope = "https://www.googleapis.com/auth/devstorage.read_write"

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
