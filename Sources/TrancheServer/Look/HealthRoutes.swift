import FoundationEssentials
import Tranche

/// What other programs watch: metrics, health, and the description of all routes.
struct HealthRoutes: Sendable {
    let state: ServerState
    /// The routes that are described beside these.
    let others: [Route]

    var routes: [Route] { watched + described }

    private var watched: [Route] {
        [
            Route(
                method: "GET",
                path: "/metrics",
                role: .look,
                summary: "Print the runs as metrics, in the text format of Prometheus.",
                answers: [.init(200, "The metrics.", media: "text/plain")],
                sharing: .inventory,
                handler: { try await metrics($0) }
            ),
            Route(
                method: "GET",
                path: "/healthz",
                role: nil,
                summary: "Tell that the server answers.",
                answers: [.init(200, "It does.", media: "text/plain")],
                handler: { _ in Self.text(200, "ok\n") }
            ),
            Route(
                method: "GET",
                path: "/readyz",
                role: nil,
                summary: "Tell whether the inventory can be reached.",
                answers: [
                    .init(200, "It can.", media: "text/plain"),
                    .init(503, "It cannot now.", media: "text/plain"),
                ],
                handler: { _ in await ready() }
            ),
        ]
    }

    private var described: [Route] {
        [
            Route(
                method: "GET",
                path: "/v1/openapi.json",
                role: nil,
                summary: "Describe all of this, as OpenAPI 3.1.",
                answers: [.init(200, "The description.", media: "application/json")],
                sharing: .inventory,
                handler: { _ in .json(200, try openAPI.text) }
            ),
            Route(
                method: "GET",
                path: "/v1/events",
                role: .look,
                summary: "Send what changes, as server-sent events, resumable by Last-Event-ID.",
                answers: [.init(200, "Events.", media: "text/event-stream")],
                handler: { events($0) }
            ),
        ]
    }

    /// The description of all routes.
    var openAPI: OpenAPIDocument {
        OpenAPIDocument(
            others + routes,
            base: state.configuration.base,
            version: state.configuration.version
        )
    }

    private func events(_ call: Call) -> HTTPServerResponse {
        let stream = HTTPResponseStream()
        state.feed.add(stream, of: call.caller, after: call.request.headers["Last-Event-ID"])
        var response = HTTPServerResponse(
            200,
            headers: [
                "Content-Type": "text/event-stream", "Cache-Control": "no-store",
                // nginx hands on what it gets at once then.
                "X-Accel-Buffering": "no",
            ]
        )
        response.stream = stream
        return response
    }

    private func metrics(_ call: Call) async throws -> HTTPServerResponse {
        let start = ContinuousClock.now
        let reading = try await state.overview.value
        let runs = reading.status.overview.runs.filter { call.caller.has(job: $0.run.key.job) }
        let text = MetricsText(
            Overview(runs),
            unreachable: Set(reading.status.faults.keys),
            openSince: reading.status.openTransaction?.since,
            version: state.configuration.version,
            now: reading.asOf,
            seconds: (ContinuousClock.now - start).seconds
        ).text
        return Self.text(200, text, "text/plain; version=0.0.4; charset=utf-8")
    }

    private func ready() async -> HTTPServerResponse {
        do {
            _ = try await state.inventory.store.runs(RunSelection(), after: nil, limit: 1)
            // Anybody may ask: why it is so is told to those who may look.
            return Self.text(200, await state.readOnly.reason == nil ? "ok\n" : "ok, read-only\n")
        } catch {
            return Self.text(503, "the inventory cannot be reached now\n")
        }
    }

    private static func text(
        _ status: Int,
        _ text: String,
        _ type: String = "text/plain; charset=utf-8"
    ) -> HTTPServerResponse {
        HTTPServerResponse(
            status,
            headers: ["Content-Type": type, "Cache-Control": "no-store"],
            body: Array(text.utf8)
        )
    }
}
