import FoundationEssentials
import Tranche

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
            throw Self.unusable(path, "it is not a JSON object as Google makes it")
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
