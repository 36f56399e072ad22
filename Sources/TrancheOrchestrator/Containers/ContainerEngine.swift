import FoundationEssentials
import Synchronization
import Tranche
import TrancheHTTP

/// A container engine, by the Docker API 1.41 or later: docker, or podman's service.
///
/// Its calls that block run on threads of their own.
public final class ContainerEngine: Sendable {
    /// Where it answers.
    public let address: ContainerAddress
    private let client: HTTPClient
    private let base: String
    /// How long an engine that does not answer is tried again, where asking twice does no harm.
    private let patience: Duration
    let clock: any Clock<Duration>
    private let version = Mutex<String?>(nil)
    let currentWitness = Mutex<HTTPStream?>(nil)

    /// Takes an engine; nothing is asked of it yet.
    ///
    /// - Parameters:
    ///   - address: Where it answers.
    ///   - patience: How long an engine that does not answer is tried again, where asking twice
    ///     does no harm; 30 s by default.
    ///   - clock: Waits.
    public init(
        _ address: ContainerAddress,
        patience: Duration = .seconds(30),
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.address = address
        self.patience = patience
        self.clock = clock
        var socket: String?
        switch address.place {
        case .unix(let path): (socket, base) = (path, "http://localhost")
        case .http(let url): base = url
        }
        // Statuses are this engine's business: podman says 500 of what never gets better.
        client = HTTPClient(.init(retryLimit: .zero, patience: .zero, unixSocket: socket))
    }

    // MARK: - Asking

    /// A request of the engine's API.
    struct Call: Sendable {
        var method = HTTPRequest.Method.get
        var path: [String]
        var query: [(String, String)] = []
        var body: [UInt8]?
        /// Whether the engine may be silent for as long as it likes.
        var isPatient = false
        /// Whether it may arrive twice, and is sent again when there is no answer.
        var isRepeatable = false
        /// Given the answer's body as it comes.
        var receive: (@Sendable ([UInt8]) -> Void)?
    }

    /// Sends a request.
    ///
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``ContainerError`` `.unreachable`; `CancellationError`.
    func answer(to call: Call) async throws -> HTTPResponse {
        try await send(try await request(call), patience: call.isRepeatable ? patience : .zero)
    }

    /// Sends a request, again where that may help.
    private func send(_ request: HTTPRequest, patience: Duration) async throws -> HTTPResponse {
        var backoff = Backoff(limit: patience)
        while true {
            let stopwatch = Stopwatch(clock)
            do {
                return try await client.send(request)
            } catch let error as HTTPError {
                // One that the engine may take its time for says nothing of how long it is away.
                if !request.isPatient { backoff.spend(stopwatch.elapsed) }
                guard error.category == .transient, let wait = backoff.next(.random(in: 0..<1))
                else { throw unreachable(error) }
                try await clock.sleep(for: wait)
            }
        }
    }

    /// Opens a connection of its own.
    ///
    /// - Throws: `HTTPStream.Refusal`; ``ContainerError`` `.unreachable`; `CancellationError`.
    func open(_ call: Call) async throws -> HTTPStream {
        do {
            return try await client.open(try await request(call))
        } catch let error as HTTPError {
            throw unreachable(error)
        }
    }

    /// The error of an answer that refuses.
    func refusal(
        _ response: HTTPResponse,
        _ what: String,
        _ code: ContainerError.Code = .refused
    ) -> ContainerError {
        // An answer that is none of an engine's, as of a proxy before it, is told as it came.
        let words = (try? JSONDecoder().decode(EngineWords.self, from: Data(response.body)))?
            .message
        let text = (words ?? response.excerpt).trimmed(.all)
        // podman's 500 may be anything; what passes is told by codes of its own.
        let isPassing = code == .refused && response.status >= 500
        return ContainerError(
            code,
            "\(what): the container engine answered \(response.status): \(text.prefix(1000))",
            category: isPassing ? .transient : nil
        )
    }

    private func unreachable(_ error: HTTPError) -> ContainerError {
        ContainerError(
            .unreachable,
            "the container engine at \(address) does not answer (\(error.message)); is it running, "
                + "and may this user open its socket?",
            underlying: error
        )
    }

    private func request(_ call: Call) async throws -> HTTPRequest {
        let path = call.path.map { Self.encoded($0, "/") }.joined(separator: "/")
        let query = call.query.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
        var url = "\(base)/\(try await knownVersion())/\(path)"
        if !query.isEmpty { url += "?\(query)" }
        var request = HTTPRequest(method: call.method, url: url, body: call.body)
        if call.body != nil { request.headers["Content-Type"] = "application/json" }
        request.isPatient = call.isPatient
        request.receive = call.receive
        return request
    }

    private static func encoded(_ text: String, _ kept: String = "") -> String {
        text.percentEncoded(keeping: ":@" + kept)
    }

    // MARK: - Versions

    /// The version of the API that both sides know, asked for once.
    private func knownVersion() async throws -> String {
        if let known = version.withLock({ $0 }) { return known }
        let request = HTTPRequest(url: "\(base)/_ping")
        let response = try await send(request, patience: patience)
        guard response.isSuccess else { throw refusal(response, "_ping") }
        let found = try Self.version(offered: response.headers["api-version"])
        version.withLock { $0 = found }
        return found
    }

    /// The version to ask for, of the newest that an engine offers.
    ///
    /// Engines drop old versions: docker 29 knows none below 1.44.
    static func version(offered: String?) throws(ContainerError) -> String {
        guard let offered, let minor = offered.split(separator: ".").last.flatMap({ Int($0) }),
            offered.hasPrefix("1.")
        else { return "v1.41" }
        guard minor >= 41 else {
            throw ContainerError(
                .refused,
                "the container engine offers its API \(offered); 1.41 is needed: update the engine"
            )
        }
        return minor >= 44 ? "v1.44" : "v1.41"
    }
}
