import Tranche

/// Who calls, and logging in and out of the page.
struct SessionRoutes: Sendable {
    let state: ServerState

    /// A token, to log in with.
    struct Login: Codable, Sendable {
        let token: String
    }

    var routes: [Route] {
        [
            Route(
                method: "GET",
                path: "/v1/session",
                role: nil,
                summary: "Tell who calls, and what they may do.",
                answers: [.init(200, "The caller.", SessionDocument.self)],
                handler: { try .document(await session(try await caller(of: $0))) }
            ),
            Route(
                method: "POST",
                path: "/v1/session",
                role: nil,
                summary: "Log in with a token, for a cookie.",
                body: Login.self,
                answers: [.init(200, "The caller, and a cookie.", SessionDocument.self)],
                handler: { try await begin($0) }
            ),
            Route(
                method: "DELETE",
                path: "/v1/session",
                role: nil,
                summary: "Log out.",
                answers: [.init(204, "The cookie is good for nothing any more.")],
                handler: { try await end($0) }
            ),
        ]
    }

    /// Who calls; somebody without a role where nobody known does, so that the page can ask for a
    /// token.
    private func caller(of call: Call) async throws -> Caller {
        do {
            return try state.gatekeeper.caller(of: call.request)
        } catch let refusal as Refusal where refusal.status == 401 {
            return call.caller
        }
    }

    private func session(_ caller: Caller) async -> SessionDocument {
        let inventory = await state.inventoryDocument(for: caller)
        return SessionDocument(
            roles: ServerRole.allCases.filter { $0.isAmong(caller.roles) },
            principal: caller.name,
            jobs: caller.jobs?.sorted(),
            readOnly: inventory.readOnly,
            csrf: caller.csrf,
            needsToken: state.configuration.tokens != nil && caller.roles.isEmpty,
            inventory: inventory
        )
    }

    private func begin(_ call: Call) async throws -> HTTPServerResponse {
        let login = try call.body(Login.self)
        try state.gatekeeper.refuseOthersPages(call.request)
        guard let tokens = state.configuration.tokens else {
            throw Refusal(400, "no_tokens", "this server asks for no token")
        }
        guard let caller = try tokens.caller(with: login.token) else {
            throw Refusal(
                401,
                "unauthorized",
                "this is not a token of this server",
                field: "/token"
            )
        }
        let (value, known) = try state.sessions.begin(caller)
        return try .document(
            await session(known),
            headers: ["Set-Cookie": cookie(value, longest: PageSessions.longest, call)]
        )
    }

    private func end(_ call: Call) async throws -> HTTPServerResponse {
        if let value = PageSessions.value(in: call.request) {
            // Who has the cookie alone ends nothing: another page would have a browser send it.
            _ = try state.gatekeeper.caller(of: call.request)
            try state.sessions.end(value)
        }
        return HTTPServerResponse(204, headers: ["Set-Cookie": cookie("", longest: .zero, call)])
    }

    private func cookie(_ value: String, longest: Duration, _ call: Call) -> String {
        let base = state.configuration.base
        let isSecure =
            state.configuration.listening.tls != nil
            || call.request.headers["X-Forwarded-Proto"]?.lowercased() == "https"
        return "\(PageSessions.cookie)=\(value); Path=\(base.isEmpty ? "/" : base); HttpOnly; "
            + "SameSite=Strict; Max-Age=\(longest.components.seconds)"
            + (isSecure ? "; Secure" : "")
    }
}

/// Who calls, and what they may do.
package struct SessionDocument: Codable, Sendable, Hashable {
    package let roles: [ServerRole]
    package let principal: String?
    /// The jobs that they may see; `null` for all.
    package let jobs: [String]?
    package let readOnly: Bool
    /// What requests that change something send as `X-CSRF-Token`, beside the cookie.
    package let csrf: String?
    /// Whether nothing is told without a token.
    package let needsToken: Bool
    package let inventory: InventoryDocument

    enum CodingKeys: String, CodingKey {
        case roles, principal, jobs
        case readOnly = "read_only"
        case csrf
        case needsToken = "needs_token"
        case inventory
    }
}

extension ServerState {
    /// The inventory, as a caller's page names it.
    func inventoryDocument(for caller: Caller) async -> InventoryDocument {
        let reason = caller.roles.isEmpty ? nil : await readOnly.reason
        return InventoryDocument(
            name: configuration.name,
            colour: configuration.colour,
            role: ServerRole.allCases.last { caller.roles.contains($0) }?.rawValue,
            version: configuration.version,
            readOnly: !caller.roles.contains(.operate) || reason != nil,
            readOnlyReason: reason.map { redacted($0) }
        )
    }
}
