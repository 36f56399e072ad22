import Tranche

/// Sends one request at a time, on a thread of its own: a server may take as long as it likes.
actor HTTPConnection {
    private nonisolated let executor: OwnThreadExecutor
    private let handle: CurlHandle
    private let canceller: CurlCanceller

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    init() throws {
        executor = OwnThreadExecutor()
        let handle = try CurlHandle()
        canceller = handle.makeCanceller()
        self.handle = handle
    }

    /// Sends a request and waits for the answer.
    ///
    /// - Throws: ``HTTPError`` when there is none; `CancellationError`.
    func perform(
        _ request: HTTPRequest,
        _ configuration: HTTPClient.Configuration
    ) async throws -> HTTPResponse {
        try await withTaskCancellationHandler {
            try transfer(request, configuration)
        } onCancel: {
            canceller.cancel()
        }
    }

    private func transfer(
        _ request: HTTPRequest,
        _ configuration: HTTPClient.Configuration
    ) throws -> HTTPResponse {
        try handle.perform(request, configuration)
    }
}
