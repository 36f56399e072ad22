import Tranche

/// A method and a path, who may ask, and what is answered.
struct Route: Sendable {
    typealias Handler = @Sendable (Call) async throws -> HTTPServerResponse

    /// A parameter of a query.
    struct Parameter: Sendable {
        enum Kind: Sendable {
            case text, whole(ClosedRange<Int>), id
            case words([String])
        }

        let name: String
        let kind: Kind
        let help: String

        init(_ name: String, _ kind: Kind, _ help: String) {
            (self.name, self.kind, self.help) = (name, kind, help)
        }

        static let limit = Parameter("limit", .whole(1...500), "Most entries; 50 by default.")
        static let after = Parameter("after", .text, "The mark 'next' of the page before.")
        static let meta = Parameter("meta", .text, "The job's source, where it has several.")
        static let job = Parameter("job", .text, "The job's name.")
    }

    /// What a route answers beside refusals.
    struct Answer: Sendable {
        let status: Int
        let help: String
        /// The document; `nil` for none.
        let type: (any (Decodable & Sendable).Type)?
        /// What it is, where it is no document.
        var media: String?

        init(
            _ status: Int,
            _ help: String,
            _ type: (any (Decodable & Sendable).Type)? = nil,
            media: String? = nil
        ) {
            (self.status, self.help, self.type, self.media) = (status, help, type, media)
        }
    }

    let method: String
    /// Such as `/v1/runs/{job}/{run}`.
    let path: String
    /// Who may ask; `nil` for everybody.
    let role: ServerRole?
    let summary: String
    let query: [Parameter]
    /// The body's type; `nil` where there is none.
    let body: (any (Decodable & Sendable).Type)?
    let answers: [Answer]
    /// What its answers show, where one is made for all who ask within a second.
    let sharing: SharedAnswers.Subject?
    let handler: Handler
    /// The path's parts.
    let segments: [String]
    /// Which of the parts are parameters, and their names.
    let parameters: [(place: Int, name: String)]

    init(
        method: String,
        path: String,
        role: ServerRole?,
        summary: String,
        query: [Parameter] = [],
        body: (any (Decodable & Sendable).Type)? = nil,
        answers: [Answer],
        sharing: SharedAnswers.Subject? = nil,
        handler: @escaping Handler
    ) {
        (self.method, self.path, self.role, self.summary) = (method, path, role, summary)
        (self.query, self.body, self.answers) = (query, body, answers)
        (self.sharing, self.handler) = (sharing, handler)
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        self.segments = segments.map(String.init)
        parameters = segments.enumerated().filter { $1.hasPrefix("{") }.map { place, segment in
            (place, String(segment.dropFirst().dropLast()))
        }
    }

    /// A route that is read.
    static func get(
        _ path: String,
        _ summary: String,
        role: ServerRole? = .look,
        query: [Parameter] = [],
        _ answer: any (Decodable & Sendable).Type,
        sharing: SharedAnswers.Subject? = nil,
        _ handler: @escaping Handler
    ) -> Route {
        Route(
            method: "GET",
            path: path,
            role: role,
            summary: summary,
            query: query,
            answers: [Answer(200, "The document.", answer)],
            sharing: sharing,
            handler: handler
        )
    }

    /// A route that changes something.
    static func post(
        _ path: String,
        _ summary: String,
        role: ServerRole,
        query: [Parameter] = [],
        body: any (Decodable & Sendable).Type,
        _ answers: [Answer],
        _ handler: @escaping Handler
    ) -> Route {
        Route(
            method: "POST",
            path: path,
            role: role,
            summary: summary,
            query: query,
            body: body,
            answers: answers,
            handler: handler
        )
    }
}

extension HTTPServerResponse {
    /// An answer of a document.
    static func document(
        _ document: some Encodable,
        _ status: Int = 200,
        headers: HTTPFields = HTTPFields()
    ) throws -> HTTPServerResponse {
        var headers = headers
        headers["Cache-Control"] = "no-store"
        return .json(status, bytes: try document.documentBytes(), headers: headers)
    }
}
