import CLibCurl
package import Tranche

/// An error on the way to a server, or an answer that tells of one.
package struct HTTPError: Error, Sendable, CategorizedError {
    package enum Code: Sendable, Hashable {
        /// The server was not reached, or the connection was lost.
        case transport(UInt32)
        /// The server answered with a status that is not a success.
        case status(Int)
    }

    package let code: Code
    /// What went wrong, with the URL; without user, query and header fields.
    package let message: String

    package var category: ErrorCategory {
        switch code {
        case .status(let status): Self.category(status: status)
        case .transport(let code): Self.category(transport: code)
        }
    }

    /// Makes an error of an answer.
    package init(_ response: HTTPResponse, to request: HTTPRequest, _ words: String? = nil) {
        code = .status(response.status)
        let words = words ?? response.excerpt
        message =
            "\(request.name) answered \(response.status)" + (words.isEmpty ? "" : ": \(words)")
    }

    /// Makes an error of the library.
    init(_ code: CURLcode, _ request: HTTPRequest, _ words: String) {
        self.code = .transport(code.rawValue)
        let words = words.isEmpty ? String(cString: curl_easy_strerror(code)) : words
        message = "\(request.name): \(words)"
    }

    /// Makes an error of the way to a server.
    init(lost request: HTTPRequest, _ words: String) {
        code = .transport(CURLE_RECV_ERROR.rawValue)
        message = "\(request.name): \(words)"
    }

    /// What to do about a status.
    ///
    /// Source: RFC 9110, section 15; RFC 6585, section 4.
    static func category(status: Int) -> ErrorCategory {
        switch status {
        case 408, 425, 429, 500, 502, 503, 504: .transient
        case 409, 412: .conflict
        default: .permanent
        }
    }

    /// What to do about an error of the transfer.
    ///
    /// Source: libcurl-errors(3).
    static func category(transport code: CURLcode.RawValue) -> ErrorCategory {
        switch CURLcode(code) {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_WRITE_ERROR,
            CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN:
            .permanent
        default: .transient
        }
    }
}

extension HTTPError: CustomStringConvertible {
    package var description: String { message }
}

extension HTTPError {
    /// The error as that of a sink.
    var asSinkError: TrancheError {
        let code: TrancheError.Code = category == .transient ? .sinkUnavailable : .sinkFailed
        return TrancheError(code, message, underlying: self)
    }

    /// The error as that of a source.
    var asSourceError: TrancheError {
        let code: TrancheError.Code = category == .transient ? .sourceUnavailable : .invalidSource
        return TrancheError(code, message, underlying: self)
    }
}
