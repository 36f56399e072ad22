import Tranche

/// Finds the route of a request, and answers it.
struct Router: Sendable {
    /// The routes, each with its path's parts.
    private let routes: [(route: Route, segments: [String])]
    /// What stands before all paths; empty or `/tranche`.
    private let base: String
    private let gatekeeper: Gatekeeper
    private let readOnly: ReadOnly
    /// Told when an operator has changed something.
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
        onChange: @escaping @Sendable () async -> Void
    ) {
        self.routes = routes.map { ($0, $0.segments) }
        self.base = base
        self.gatekeeper = gatekeeper
        self.readOnly = readOnly
        self.onChange = onChange
    }

    // MARK: - Requests

    /// Says what becomes of a request's body: nobody has one read who may not send it.
    func admit(_ request: HTTPServerRequest) -> HTTPAdmission {
        do {
            guard case .route(let route, _) = try place(of: request), let role = route.role else {
                return .read(upTo: Self.openBytes)
            }
            _ = try caller(of: request, as: role)
            return .read(upTo: route.body == nil ? Self.openBytes : Self.bodyBytes)
        } catch {
            return .answer(Self.guarded(Refusal(error).response))
        }
    }

    /// Answers a request.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        do {
            return Self.guarded(try await handle(request))
        } catch {
            return Self.guarded(Refusal(error).response)
        }
    }

    private static func guarded(_ response: HTTPServerResponse) -> HTTPServerResponse {
        var response = response
        for (name, value) in securityHeaders where response.headers[name] == nil {
            response.headers[name] = value
        }
        return response
    }

    private static let securityHeaders = [
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
        case .above: return Self.moved(to: base + "/")
        case .file(let file): return Self.answer(file, to: request)
        case .route(let route, let path):
            try Self.checkQuery(of: request, to: route)
            guard let role = route.role else {
                let call = Call(request: request, path: path, caller: Self.nobody)
                return try await route.handler(call)
            }
            let caller = try caller(of: request, as: role)
            let call = Call(request: request, path: path, caller: caller)
            if route.method != "GET" { try await readOnly.refuseChange() }
            guard role == .operate else { return try await route.handler(call) }
            do {
                let response = try await route.handler(call)
                await onChange()
                return response
            } catch {
                // Some of it may be done.
                await onChange()
                throw error
            }
        }
    }

    /// Refuses a parameter that a route does not have, or that is given twice: it would mean
    /// nothing, without a word.
    private static func checkQuery(of request: HTTPServerRequest, to route: Route) throws {
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
        case route(Route, path: [String: String])
    }

    private func place(of request: HTTPServerRequest) throws -> Place {
        guard let parts = parts(of: request) else {
            if request.path == base { return .above }
            throw Self.unknown
        }
        let isReading = request.method == "GET" || request.method == "HEAD"
        let colour = request.query.first { $0.name == "colour" }?.value
        let place = "/" + parts.joined(separator: "/")
        if isReading, let file = PageFile.at(place, colour: colour) {
            return .file(file)
        }
        let method = request.method == "HEAD" ? "GET" : request.method
        let found = routes.compactMap { route, segments in
            Route.match(parts, segments).map { (route, $0) }
        }
        guard let (route, path) = found.first(where: { $0.0.method == method }) else {
            let others = found.map(\.0.method).joined(separator: ", ")
            guard !found.isEmpty else { throw Self.unknown }
            throw Refusal(
                405,
                "method_not_allowed",
                "\(HumanText.excerpt(request.method)) is not done here; use \(others)",
                headers: ["Allow": others]
            )
        }
        return .route(route, path: path)
    }

    private static let nobody = Caller(name: nil, roles: [], jobs: nil)

    private static let unknown = Refusal(
        404,
        "unknown_path",
        "there is nothing under this path; GET v1/openapi.json tells what there is"
    )

    /// The path's parts below the base; `nil` where it is not below it.
    private func parts(of request: HTTPServerRequest) -> [String]? {
        let above = base.split(separator: "/").map(String.init)
        guard request.segments.count > above.count,
            Array(request.segments.prefix(above.count)) == above
        else { return nil }
        return Array(request.segments.dropFirst(above.count))
    }

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
