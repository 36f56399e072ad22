import FoundationEssentials
import Tranche

/// What an ``HTTPListener`` answers.
public struct HTTPServerResponse: Sendable {
    /// The status, 200 to 599.
    public var status: Int
    /// The header fields; length, date and connection are added.
    public var headers: HTTPFields
    /// The body; it is not sent where the method was `HEAD`.
    public var body: [UInt8]
    /// The body of an answer that is sent bit by bit; in place of ``body``; none by default.
    public var stream: HTTPResponseStream?
    /// The same answer in a form that is made once; one that was changed since names none.
    var kept: KeptAnswer?

    /// Describes an answer.
    public init(_ status: Int, headers: HTTPFields = HTTPFields(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer of JSON.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - json: The text, which is JSON.
    ///   - headers: More header fields.
    /// - Returns: The answer.
    public static func json(
        _ status: Int,
        _ json: String,
        headers: HTTPFields = HTTPFields()
    ) -> HTTPServerResponse {
        self.json(status, bytes: Array(json.utf8), headers: headers)
    }

    /// An answer of JSON, as UTF-8.
    static func json(
        _ status: Int,
        bytes: [UInt8],
        headers: HTTPFields = HTTPFields()
    ) -> HTTPServerResponse {
        var response = HTTPServerResponse(status, headers: headers, body: bytes)
        response.body.append(UInt8(ascii: "\n"))
        response.headers["Content-Type"] = "application/json"
        return response
    }

    /// The answer that something is wrong: `{"error": …, "code": …, "field": …, "remedy": …}`.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - message: What is wrong and, behind a semicolon, what to do about it; no secrets.
    ///   - headers: More header fields.
    /// - Returns: The answer.
    public static func error(
        _ status: Int,
        _ message: String,
        headers: HTTPFields = HTTPFields()
    ) -> HTTPServerResponse {
        .refusal(status, RefusalDocument(status, words: message), headers: headers)
    }

    /// The answer that there is too much to do now.
    ///
    /// - Parameters:
    ///   - message: What is the matter.
    ///   - seconds: When to come again.
    /// - Returns: The answer.
    public static func unavailable(_ message: String, retryAfter seconds: Int) -> Self {
        error(503, message, headers: ["Retry-After": String(seconds)])
    }
}

/// What becomes of a request when its head has come, before its body is read.
public enum HTTPAdmission: Sendable {
    /// The body is read, up to so many bytes; a longer one is answered with 413.
    case read(upTo: Int)
    /// The body is read likewise, and this answers the request in place of the listener's handler:
    /// what was found out of its head is not looked for again.
    case handle(upTo: Int, HTTPListener.Handler)
    /// The request is answered, and its body is not read.
    case answer(HTTPServerResponse)
}
