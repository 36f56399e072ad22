import Tranche

/// A request.
struct HTTPRequest: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
    }

    var method = Method.get
    /// The URL; its path and query are encoded already.
    var url: String
    /// Header fields, by name.
    var headers: [String: String] = [:]
    var body: [UInt8]?
    /// Who signs the request as Amazon's services want it.
    var signer: AWSSigner?
    /// Most bytes of an answer; a longer one is an error.
    var maxResponseBytes = 1 << 26

    /// The URL without user and query, for messages.
    var name: String { url.withoutSecrets }
}

/// An answer, whatever its status.
struct HTTPResponse: Sendable {
    var status: Int
    /// Header fields, by their names in lower case.
    var headers: [String: String]
    var body: [UInt8]
    /// How long the server asks to wait before the next request.
    var retryAfter: Duration?

    var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as text, cut short.
    var excerpt: String {
        let text = String(decoding: body.prefix(300), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return body.count > 300 ? line + " …" : line
    }
}
