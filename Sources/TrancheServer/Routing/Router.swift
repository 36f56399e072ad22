import Tranche

/// Finds the route of a request, and answers it.
struct Router: Sendable {
    private let routes: RouteTree
    /// What stands before all paths; empty or `/tranche`.
    private let base: String
    /// The parts of that.
    private let above: [String]
    private let gatekeeper: Gatekeeper
    private let readOnly: ReadOnly
    private let answers: SharedAnswers
    private let pace: RefusalPace
    /// Told when an operator may have changed something.
    private let onChange: @Sendable () async -> Void

    /// The most bytes of a request's body.
    static let bodyBytes = 1 << 20
    /// The most bytes of the body of a request that anybody may make.
    private static let openBytes = 4 << 10

    init(
        routes: [Route],
        base: String,
        gatekeeper: Gatekeeper,
        readOnly: ReadOnly,
        answers: SharedAnswers,
        pace: RefusalPace,
        onChange: @escaping @Sendable () async -> Void
    ) {
        self.routes = RouteTree(routes)
        self.base = base
        above = base.split(separator: "/").map(String.init)
        self.gatekeeper = gatekeeper
        self.readOnly = readOnly
        self.answers = answers
        self.pace = pace
        self.onChange = onChange
    }

    // MARK: - Requests

    /// Says what becomes of a request's body: nobody has one read who may not send it.
    ///
    /// What is kept for who asks is answered at once.
    func admit(_ request: HTTPServerRequest) -> HTTPAdmission {
        do {
            guard case .route(let route, let parts) = try place(of: request),
                let role = route.role
            else { return .read(upTo: Self.openBytes) }
            let caller = try caller(of: request, as: role)
            if let subject = route.sharing, !request.announcesBody,
                let kept = answers.kept(SharedAnswers.Key(request, of: caller), of: subject)
            {
                return .answer(kept)
            }
            return .handle(upTo: route.body == nil ? Self.openBytes : Self.bodyBytes) { request in
                await answer(request) { try await handle(request, by: route, parts, caller) }
            }
        } catch {
            // Read, as only who is worked on can wait.
            if pace.isBehind(request.remoteAddress) { return .read(upTo: Self.openBytes) }
            let response = Self.answer(to: error)
            _ = pace.take(response, for: request.remoteAddress)
            return .answer(response)
        }
    }

    /// Answers a request.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        await answer(request) { try await handle(request) }
    }

    private func answer(
        _ request: HTTPServerRequest,
        _ body: () async throws -> HTTPServerResponse
    ) async -> HTTPServerResponse {
        do {
            return try await body()
        } catch {
            let response = Self.answer(to: error)
            await pace.wait(with: response, for: request.remoteAddress)
            return response
        }
    }

    private static func answer(to error: any Error) -> HTTPServerResponse {
        if error is Nowhere { return nowhere }
        return guarded(Refusal(error).response)
    }

    private static func guarded(_ response: HTTPServerResponse) -> HTTPServerResponse {
        var response = response
        response.headers.addMissing(securityHeaders)
        return response
    }

    private static let securityHeaders: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    private func handle(_ request: HTTPServerRequest) async throws -> HTTPServerResponse {
        switch try place(of: request) {
        case .above: return Self.guarded(Self.moved(to: base + "/"))
        case .file(let file): return Self.guarded(Self.answer(file, to: request))
        case .route(let route, let parts):
            let who = try route.role.map { try caller(of: request, as: $0) } ?? Self.nobody
            return try await handle(request, by: route, parts, who)
        }
    }

    private func handle(
        _ request: HTTPServerRequest,
        by route: Route,
        _ parts: ArraySlice<String>,
        _ who: Caller
    ) async throws -> HTTPServerResponse {
        try Self.checkQuery(of: request, to: route)
        let call = Call(request: request, path: route.parameters(in: parts), caller: who)
        guard let subject = route.sharing else {
            return Self.guarded(try await answer(call, of: route))
        }
        return try await answers.answer(to: SharedAnswers.Key(request, of: who), of: subject) {
            Self.guarded(try await route.handler(call))
        }
    }

    /// Answers a call, and has what it changed read anew.
    private func answer(_ call: Call, of route: Route) async throws -> HTTPServerResponse {
        guard let role = route.role, route.method != "GET" else {
            return try await route.handler(call)
        }
        try await readOnly.refuseChange()
        do {
            let response = try await route.handler(call)
            await note(role)
            return response
        } catch {
            // Some of it may be done.
            if !error.isBeforeAnyChange { await note(role) }
            throw error
        }
    }

    private func note(_ role: ServerRole) async {
        guard role == .operate else { return answers.note(.ofRuns) }
        await onChange()
        answers.note(.ofAll)
    }

    /// Refuses a parameter that a route does not have, or that is given twice: it would mean
    /// nothing, without a word.
    private static func checkQuery(of request: HTTPServerRequest, to route: Route) throws {
        if request.query.isEmpty { return }
        let known = route.query.map(\.name)
        var seen: Set<String> = []
        for (name, _) in request.query {
            let shown = HumanText.excerpt(name)
            guard known.contains(name) else {
                let nearest = NearestName(known).to(name).map { "did you mean '\($0)'?" }
                let all = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
                throw Refusal(
                    400,
                    "unknown_parameter",
                    "this request has no parameter '\(shown)'; \(nearest ?? all)",
                    field: name
                )
            }
            guard seen.insert(name).inserted else {
                throw Refusal(
                    400,
                    "invalid_parameter",
                    "'\(shown)' is given twice; give it once",
                    field: name
                )
            }
        }
    }

    private func caller(of request: HTTPServerRequest, as role: ServerRole) throws -> Caller {
        let caller = try gatekeeper.caller(of: request)
        guard role.isAmong(caller.roles) else {
            throw Refusal(403, "forbidden", "this needs the role '\(role.rawValue)'")
        }
        return caller
    }

    // MARK: - Places

    /// What a request is for.
    private enum Place {
        /// The base without the slash at its end.
        case above
        case file(PageFile)
        case route(Route, parts: ArraySlice<String>)
    }

    private func place(of request: HTTPServerRequest) throws -> Place {
        guard request.segments.count > above.count, request.segments.starts(with: above) else {
            if request.path == base { return .above }
            throw Nowhere()
        }
        let parts = request.segments.dropFirst(above.count)
        let isReading = request.method == "GET" || request.method == "HEAD"
        if isReading, let file = Self.file(at: parts, request) { return .file(file) }
        let method = request.method == "HEAD" ? "GET" : request.method
        if let route = routes.route(method, parts) { return .route(route, parts: parts) }
        let methods = routes.methods(of: parts).joined(separator: ", ")
        guard !methods.isEmpty else { throw Nowhere() }
        throw Refusal(
            405,
            "method_not_allowed",
            "\(HumanText.excerpt(request.method)) is not done here; use \(methods)",
            headers: ["Allow": methods]
        )
    }

    /// The file of the page at a path: none has more parts than `assets` and its name.
    private static func file(
        at parts: ArraySlice<String>,
        _ request: HTTPServerRequest
    ) -> PageFile? {
        switch (parts.count, parts.first) {
        case (1, ""), (2, "assets"):
            let colour = request.query.first { $0.name == "colour" }?.value
            return PageFile.at("/" + parts.joined(separator: "/"), colour: colour)
        default: return nil
        }
    }

    private static let nobody = Caller(name: nil, roles: [], jobs: nil)

    /// That there is nothing under a path.
    private struct Nowhere: Error {}

    /// Made once: anybody may ask for anything.
    private static let nowhere = KeptAnswer(
        guarded(
            Refusal(
                404,
                "unknown_path",
                "there is nothing under this path; GET v1/openapi.json tells what there is"
            ).response
        )
    ).shared

    private static func moved(to place: String) -> HTTPServerResponse {
        HTTPServerResponse(308, headers: ["Location": place])
    }

    private static func answer(
        _ file: PageFile,
        to request: HTTPServerRequest
    ) -> HTTPServerResponse {
        let headers: HTTPFields = [
            "Content-Type": file.type, "ETag": file.tag, "Cache-Control": "no-cache",
        ]
        if request.headers["If-None-Match"] == file.tag {
            return HTTPServerResponse(304, headers: headers)
        }
        return HTTPServerResponse(200, headers: headers, body: file.bytes)
    }
}

extension HTTPServerRequest {
    /// Whether a body comes behind the head.
    fileprivate var announcesBody: Bool {
        headers["Content-Length"] != nil || headers["Transfer-Encoding"] != nil
    }
}

extension Error {
    /// Whether it tells of what was asked for, which is looked at before anything is changed.
    fileprivate var isBeforeAnyChange: Bool {
        switch self {
        case let refusal as Refusal: [400, 403, 404, 415].contains(refusal.status)
        case let error as TrancheError:
            [.unknownRun, .unknownBatch, .unknownBudget].contains(error.code)
        default: false
        }
    }
}
