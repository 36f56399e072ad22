import Testing

@testable import TrancheServer

@Suite("How requests find their routes")
struct RouteTreeTests {
    private static func route(_ method: String, _ path: String) -> Route {
        Route(method: method, path: path, role: nil, summary: "", answers: []) { _ in
            HTTPServerResponse(200)
        }
    }

    private static let tree = RouteTree([
        route("GET", "/v1/runs"), route("GET", "/v1/runs/{job}/{run}"),
        route("POST", "/v1/runs/{job}/{run}/pause"), route("GET", "/v1/runs/{job}/newest"),
        route("POST", "/v1/runs/{job}/{run}"), route("GET", "/metrics"),
    ])

    private static func found(_ method: String, _ path: String) -> Route? {
        tree.route(method, HTTPServerRequest(method: method, path: path).segments[...])
    }

    @Test("A path finds its route, and what stands in place of its parameters")
    func finding() throws {
        #expect(Self.found("GET", "/v1/runs")?.path == "/v1/runs")
        let pause = try #require(Self.found("POST", "/v1/runs/thumbs/-/pause"))
        #expect(pause.path == "/v1/runs/{job}/{run}/pause")
        let parts = ["v1", "runs", "a/b", "{run}", "pause"]
        #expect(pause.parameters(in: parts[...]) == ["job": "a/b", "run": "{run}"])
        #expect(Self.found("GET", "/metrics")?.path == "/metrics")
    }

    @Test("Of several routes of a path the one that is told first counts, for each method")
    func order() {
        #expect(Self.found("GET", "/v1/runs/thumbs/newest")?.path == "/v1/runs/{job}/{run}")
        #expect(Self.found("POST", "/v1/runs/thumbs/newest")?.path == "/v1/runs/{job}/{run}")
        let parts = ["v1", "runs", "thumbs", "newest"]
        #expect(Self.tree.methods(of: parts[...]) == ["GET", "GET", "POST"])
    }

    @Test("A path that no route has finds none, however much of one it is")
    func nothing() {
        for path in ["/", "/v1", "/v1/", "/v1/runs/", "/v1/runs/a", "/v1/runs/a/b/c", "/metrics/"] {
            #expect(Self.found("GET", path) == nil, "\(path)")
            let parts = HTTPServerRequest(method: "GET", path: path).segments
            #expect(Self.tree.methods(of: parts[...]).isEmpty, "\(path)")
        }
        #expect(Self.found("DELETE", "/v1/runs") == nil)
        #expect(Self.tree.methods(of: ["v1", "runs"]) == ["GET"])
    }
}
