import Tranche
import TrancheConnectors
import TrancheSQL

/// That a request is not done, and why.
struct Refusal: Error, Sendable {
    let status: Int
    let document: RefusalDocument
    var headers: HTTPFields

    /// Makes a refusal.
    ///
    /// - Parameters:
    ///   - status: The status, 400 to 599.
    ///   - code: What kind of refusal it is, in a word.
    ///   - words: What is wrong and, behind a semicolon, what to do about it.
    ///   - field: The JSON pointer of the field that is to blame.
    ///   - headers: More header fields.
    init(
        _ status: Int,
        _ code: String,
        _ words: String,
        field: String? = nil,
        headers: HTTPFields = HTTPFields()
    ) {
        self.status = status
        self.headers = headers
        document = RefusalDocument(status, code: code, words: words, field: field)
    }

    /// Takes an error apart.
    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case let error as TrancheError where error.isOfReadOnly:
            // Whoever may do it does it elsewhere: the server's words say where.
            self.init(403, ReadOnly.code, "\(error)")
        case let error as TrancheError:
            let isShort = [TrancheError.Code.storeBusy, .storeUnavailable].contains(error.code)
            let status = Self.status(of: error)
            self.init(
                status,
                "\(error.code)",
                "\(error)",
                headers: status == 503 ? ["Retry-After": isShort ? "1" : "5"] : HTTPFields()
            )
        case let error as SpecError: self.init(400, "\(error.code)", "\(error)")
        case is CancellationError:
            self.init(
                503,
                "stopping",
                "this server is being stopped",
                headers: ["Retry-After": "5"]
            )
        default: self.init(500, "failed", "\(error)")
        }
    }

    private static func status(of error: TrancheError) -> Int {
        switch error.code {
        case .invalidArgument, .invalidItem: 400
        case .unknownBatch, .unknownRun, .unknownBudget, .unknownProbe: 404
        case .ambiguousJob, .redefined, .batchLost, .cancelled: 409
        case .storeBusy, .storeUnavailable, .sourceUnavailable: 503
        default: error.category == .transient ? 503 : error.category == .conflict ? 409 : 500
        }
    }

    /// The answer.
    var response: HTTPServerResponse {
        .refusal(status, document, headers: headers)
    }
}

/// Why a request is not done.
package struct RefusalDocument: Codable, Sendable, Hashable {
    /// What is wrong.
    package let error: String
    /// What kind of refusal it is.
    package let code: String
    /// The JSON pointer of the field that is to blame, or the name of the parameter or of the field
    /// of the head.
    package let field: String?
    /// What to do about it.
    package let remedy: String

    /// Makes the document of a refusal.
    ///
    /// - Parameters:
    ///   - status: The answer's status.
    ///   - code: What kind of refusal it is, in a word; one of the status by default.
    ///   - words: What is wrong and, behind a semicolon, what to do about it.
    ///   - field: What is to blame.
    init(_ status: Int, code: String? = nil, words: String, field: String? = nil) {
        let line = RouteWords.naming(
            redacted(words).split(whereSeparator: \.isNewline).joined(separator: " ")
        )
        let usual = Self.usual(status)
        let failure = FailureDocument(code: code ?? usual.code, words: line, exit: 1)
        error = failure.message
        self.code = failure.code
        self.field = field
        remedy = failure.remedy ?? Self.usual(failure.code) ?? usual.remedy
    }

    /// What to do about a refusal of a kind, where that is not what its status says.
    private static func usual(_ code: String) -> String? {
        code == "\(TrancheError.Code.unknownBudget)" ? "look for it in GET v1/budgets" : nil
    }

    /// The word of a status, and what to do where a refusal does not say.
    private static func usual(_ status: Int) -> (code: String, remedy: String) {
        switch status {
        case 400: ("bad_request", "send what GET v1/openapi.json describes")
        case 401: ("unauthorized", "send 'Authorization: Bearer TOKEN'")
        case 403: ("forbidden", "ask who runs this server for a token that is for this")
        case 404: ("not_found", "look for it in GET v1/runs, or in the batches of a run")
        case 405: ("method_not_allowed", "use a method that the field Allow names")
        case 409: ("conflict", "look at it again: it is in another state")
        case 410: ("expired", "ask for a new one")
        case 413: ("too_large", "send less at once")
        case 415: ("not_json", "send JSON, with 'Content-Type: application/json'")
        case 421: ("wrong_host", "ask by the name or address that the server was told to answer")
        case 429: ("limited", "come again after the seconds of the field Retry-After")
        case 503: ("unavailable", "come again after the seconds of the field Retry-After")
        default: ("failed", "look into what the server wrote on its standard error")
        }
    }
}

extension HTTPServerResponse {
    /// The answer that a request is not done.
    static func refusal(
        _ status: Int,
        _ document: RefusalDocument,
        headers: HTTPFields = HTTPFields()
    ) -> HTTPServerResponse {
        do {
            return .json(status, bytes: try document.documentBytes(), headers: headers)
        } catch {
            // Texts alone are in it, and those can be encoded.
            return .json(500, #"{"error":"failed","code":"failed","remedy":"try again"}"#)
        }
    }
}
