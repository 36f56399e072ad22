public import FoundationEssentials
public import Tranche

/// Asks probes that are addresses, with one GET each; redirections are not followed.
public struct HTTPProber: Prober {
    /// Makes a prober.
    public init() {}

    /// Whether it is an address.
    public func canAsk(_ question: ProbeQuestion) -> Bool {
        if case .http = question { true } else { false }
    }

    /// Sends the request.
    ///
    /// - Throws: `TrancheError` `.sourceUnavailable` where there is no answer.
    public func answer(to question: ProbeQuestion, at now: Date) async throws -> ProbeAnswer {
        guard case .http(let url) = question else {
            throw TrancheError(.invalidArgument, "\(question) is not an address")
        }
        let client = HTTPClient(
            HTTPClient.Configuration(retryLimit: .zero, patience: .zero)
        )
        defer { client.close() }
        do {
            let response = try await client.send(HTTPRequest(url: url), waitsAsAsked: false)
            let asksToWait = [429, 503].contains(response.status)
            return ProbeAnswer(
                isOpen: response.isSuccess,
                reason: "\(url.withoutSecrets) answered \(response.status)",
                until: asksToWait
                    ? response.retryAfter.map { now.addingTimeInterval($0.seconds) } : nil
            )
        } catch let error as HTTPError {
            throw TrancheError(.sourceUnavailable, error.message, underlying: error)
        }
    }
}
