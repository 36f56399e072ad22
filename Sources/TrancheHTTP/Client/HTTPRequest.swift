import Tranche

/// A request.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    package var method = Method.get
    /// The URL; its path and query are encoded already.
    package var url: String
    /// Header fields, by name.
    package var headers: [String: String] = [:]
    package var body: [UInt8]?
    /// The signer of the request, as Amazon's services want it.
    var signer: AWSSigner?
    /// Most bytes of an answer; a longer one is an error.
    package var maxResponseBytes: Int
    /// Given the body of an answer that tells of a success as it comes, on a thread that may block.
    ///
    /// Nothing of it is kept then. `nil`, the default, keeps it.
    package var receive: (@Sendable ([UInt8]) -> Void)?
    /// Whether the server may be silent for as long as it likes, as one that waits for something.
    package var isPatient = false

    package init(
        method: Method = .get,
        url: String,
        headers: [String: String] = [:],
        body: [UInt8]? = nil,
        maxResponseBytes: Int = 1 << 26
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.maxResponseBytes = maxResponseBytes
    }

    /// The URL without user and query, for messages.
    package var name: String { url.withoutSecrets }
}

/// An answer, whatever its status.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// Header fields, by their names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]
    /// How long the server asks to wait before the next request.
    var retryAfter: Duration?

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as text, cut short.
    package var excerpt: String {
        let text = String(decoding: body.prefix(300), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return body.count > 300 ? line + " …" : line
    }
}
