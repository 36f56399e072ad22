import FoundationEssentials
import Tranche

/// How object stores are reached, and with whose credentials.
public struct ObjectStoreConfiguration: Sendable, Hashable {
    var s3: S3
    var google: Google
    var certificateAuthorities: String?

    /// Reads an environment.
    ///
    /// - Amazon S3: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`
    ///   or `AWS_DEFAULT_REGION` (us-east-1 by default), and `AWS_ENDPOINT_URL_S3` or
    ///   `AWS_ENDPOINT_URL` for another store that speaks as S3 does. Without a key requests are
    ///   not signed, as for public buckets.
    /// - Google Cloud Storage: `GOOGLE_APPLICATION_CREDENTIALS`, the path of a service account's
    ///   key or of what `gcloud auth application-default login` left; or
    ///   `GOOGLE_OAUTH_ACCESS_TOKEN`, a token; `STORAGE_EMULATOR_HOST` for another store that
    ///   speaks as it does. Without any requests have no credentials, as for public buckets.
    /// - `CURL_CA_BUNDLE` or `SSL_CERT_FILE`: a file with the certificates that are trusted.
    ///
    /// - Parameter environment: The variables.
    /// - Throws: `TrancheError` `.invalidArgument` when they do not fit together.
    public init(environment: [String: String]) throws {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        certificateAuthorities = value("CURL_CA_BUNDLE", "SSL_CERT_FILE")
        var signer: AWSSigner?
        if let key = value("AWS_ACCESS_KEY_ID") {
            guard let secret = value("AWS_SECRET_ACCESS_KEY") else {
                throw TrancheError(
                    .invalidArgument,
                    "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"
                )
            }
            signer = AWSSigner(
                accessKey: key,
                secretKey: secret,
                sessionToken: value("AWS_SESSION_TOKEN"),
                region: value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1"
            )
        }
        let endpoint = value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        s3 = S3(
            signer: signer,
            region: value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1",
            endpoint: endpoint.map { Self.withoutSlash($0) }
        )
        let emulator = value("STORAGE_EMULATOR_HOST").map { host in
            Self.withoutSlash(host.contains("://") ? host : "http://\(host)")
        }
        let credentials: Google.Credentials
        if let token = value("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN") {
            credentials = .token(token)
        } else if let path = value("GOOGLE_APPLICATION_CREDENTIALS") {
            credentials = .file(path)
        } else {
            credentials = .none
        }
        google = Google(
            endpoint: emulator ?? "https://storage.googleapis.com",
            credentials: credentials
        )
    }

    /// The environment of this process.
    public static var current: ObjectStoreConfiguration {
        get throws {
            try ObjectStoreConfiguration(environment: ProcessInfo.processInfo.environment)
        }
    }

    private static func withoutSlash(_ url: String) -> String {
        url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// How S3 is reached.
    struct S3: Sendable, Hashable {
        var signer: AWSSigner?
        var region: String
        /// Another store than Amazon's.
        var endpoint: String?

        /// The URL of an object, or of its bucket.
        func url(of object: ObjectName) -> String {
            let key = object.key.percentEncoded(keeping: "/")
            if let endpoint { return "\(endpoint)/\(object.bucket)/\(key)" }
            let host = "s3.\(region).amazonaws.com"
            // A name with dots matches no certificate.
            return object.bucket.contains(".")
                ? "https://\(host)/\(object.bucket)/\(key)"
                : "https://\(object.bucket).\(host)/\(key)"
        }
    }

    /// How Google Cloud Storage is reached.
    struct Google: Sendable, Hashable {
        enum Credentials: Sendable, Hashable {
            case none
            case token(String)
            case file(String)
        }

        var endpoint: String
        var credentials: Credentials
    }
}
