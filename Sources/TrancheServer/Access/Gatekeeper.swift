import FoundationEssentials
import Tranche
import TrancheHTTP

/// Says who calls, and refuses what another page has a browser do.
struct Gatekeeper: Sendable {
    let tokens: AccessTokens?
    let sessions: PageSessions
    /// What everybody may do where there are no tokens.
    let open: Set<ServerRole>

    /// Who calls.
    ///
    /// - Throws: ``Refusal`` 401 without a token that is known, 403 for what a page of another
    ///   place has a browser do.
    func caller(of request: HTTPServerRequest) throws -> Caller {
        try refuseOthersPages(request)
        guard let tokens else { return Caller(name: nil, roles: open, jobs: nil) }
        if let field = request.headers["Authorization"] {
            let words = field.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, words[0].lowercased() == "bearer" else { throw Self.unknown }
            guard let caller = try tokens.caller(with: words[1]) else { throw Self.unknownToken }
            return caller
        }
        if let value = PageSessions.value(in: request),
            let caller = try sessions.caller(with: value)
        {
            try requireCSRF(of: caller, request)
            return caller
        }
        throw Self.unknown
    }

    static let unknown = Refusal(
        401,
        "unauthorized",
        "this needs a token; send 'Authorization: Bearer TOKEN', or log in on the page",
        headers: ["WWW-Authenticate": "Bearer"]
    )

    static let unknownToken = Refusal(
        401,
        "unauthorized",
        "this token is not known; send one whose line is in the file of tokens of this server",
        headers: ["WWW-Authenticate": "Bearer"]
    )

    /// A page elsewhere can have a browser send a request, and not see the answer: nothing that
    /// changes something is taken from one.
    func refuseOthersPages(_ request: HTTPServerRequest) throws {
        if request.method == "GET" || request.method == "HEAD" { return }
        let headers = request.headers
        if let site = headers["Sec-Fetch-Site"], site != "same-origin", site != "none" {
            throw Refusal(403, "cross_site", "requests of other sites' pages are not taken")
        }
        if let origin = headers["Origin"], let host = headers["Host"] {
            let place = origin.split(separator: "/").last.map(String.init) ?? origin
            guard place.lowercased() == host.lowercased() else {
                throw Refusal(403, "cross_site", "requests of other sites' pages are not taken")
            }
        }
        // What a form of another site can send without being asked has another type.
        let hasBody =
            (headers["Content-Length"].map { $0 != "0" } ?? false)
            || headers["Transfer-Encoding"] != nil
        guard hasBody else { return }
        guard Self.isJSON(headers["Content-Type"] ?? "") else {
            throw Refusal(
                415,
                "not_json",
                "the body is not said to be JSON in UTF-8; send JSON, with 'Content-Type: "
                    + "application/json'"
            )
        }
        guard headers["Content-Encoding"]?.lowercased() ?? "identity" == "identity" else {
            throw Refusal(
                415,
                "encoded",
                "the body is encoded; send it as it is, without a Content-Encoding"
            )
        }
    }

    /// Whether a type is that of JSON, in the one encoding that it has.
    private static func isJSON(_ type: String) -> Bool {
        if type == "application/json" { return true }
        let parts = type.lowercased().split(separator: ";").map { part in
            part.trimmed()
        }
        guard parts.first == "application/json" else { return false }
        return parts.dropFirst().allSatisfy { part in
            !part.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains(part)
        }
    }

    private func requireCSRF(of caller: Caller, _ request: HTTPServerRequest) throws {
        if request.method == "GET" || request.method == "HEAD" { return }
        let given = Array((request.headers["X-CSRF-Token"] ?? "").utf8)
        guard let csrf = caller.csrf, isSameSecret(given, Array(csrf.utf8)) else {
            throw Refusal(
                403,
                "csrf",
                "the header X-CSRF-Token is not that of this session; GET /v1/session tells it"
            )
        }
    }
}
