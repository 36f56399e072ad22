import Tranche
import TrancheConnectors

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
        document = RefusalDocument(code: code, words: words, field: field)
    }

    /// Takes an error apart.
    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
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
        case .unknownBatch, .unknownRun, .unknownBudget: 404
        case .ambiguousJob, .redefined, .batchLost, .cancelled: 409
        case .storeBusy, .storeUnavailable, .sourceUnavailable: 503
        default: error.category == .transient ? 503 : error.category == .conflict ? 409 : 500
        }
    }

    /// The answer.
    var response: HTTPServerResponse {
        do {
            return .json(status, try document.documentText(), headers: headers)
        } catch {
            return .error(status, document.error, headers: headers)
        }
    }
}

/// Why a request is not done.
package struct RefusalDocument: Codable, Sendable, Hashable {
    /// What is wrong.
    package let error: String
    /// What kind of refusal it is.
    package let code: String
    /// The JSON pointer of the field that is to blame, or the name of the parameter.
    package let field: String?
    /// What to do about it.
    package let remedy: String?

    init(code: String, words: String, field: String?) {
        let line = redacted(words).split(whereSeparator: \.isNewline).joined(separator: " ")
        let failure = FailureDocument(code: code, words: line, exit: 1)
        error = failure.message
        self.code = code
        self.field = field
        remedy = failure.remedy
    }
}
