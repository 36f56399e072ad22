import Foundation
import Glibc
import TestSupport
import Testing

@testable import TrancheHTTP

@Suite("Many requests at once", .timeLimit(.minutes(2)))
struct ManyRequestsTests {
    /// Dispatch has 255 threads.
    private static let count = 260

    init() {
        // A connection has some descriptors.
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(files, &limit)
    }

    @Test("Connections that carry bytes as long as the server likes leave threads to all others")
    func streams() async throws {
        try await allArrive { client, request in _ = try await client.open(request) }
    }

    @Test("Answers that take as long as the server likes leave threads to all others")
    func patientRequests() async throws {
        try await allArrive { client, request in _ = try await client.send(request) }
    }

    /// Sends many requests that are never answered: all of them are to arrive.
    private func allArrive(
        _ send: @escaping @Sendable (HTTPClient, HTTPRequest) async throws -> Void
    ) async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        try await withHTTPServer { _, before in
            if before == Self.count - 1 { arrival.finish() }
            return .silence
        } _: { server in
            let client = HTTPClient()
            var request = HTTPRequest(method: .post, url: server.url)
            request.isPatient = true
            await withTaskGroup(of: Void.self) { [request] group in
                for _ in 0..<Self.count {
                    // It ends by being cancelled.
                    group.addTask { try? await send(client, request) }
                }
                for await _ in arrivals {}
                #expect(server.requests.count == Self.count)
                group.cancelAll()
            }
        }
    }
}
