import Tranche

/// Posts events to an address, each until it is taken: again and again where the address does not
/// answer for a while.
final class LineageSender: Sendable {
    let queue: LineageQueue
    private let url: String
    private let headers: [String: String]
    private let client: HTTPClient
    private let clock: any Clock<Duration>
    private let noise: @Sendable () -> Double
    /// Most events of one request.
    private let most: Int

    /// How many requests are made at once, where each has one event.
    private static let lanes = 4
    /// Most events of a request that has a list.
    private static let mostInList = 200
    /// The first wait, and the longest, before an event is sent again.
    private static let waits = (first: Duration.milliseconds(500), longest: Duration.seconds(30))

    /// What became of a request.
    enum Outcome: Sendable, Hashable {
        case delivered
        /// The address will not take it.
        case refused(String)
        /// It is to be tried again.
        case unreachable(String)
    }

    /// Makes a sender.
    ///
    /// - Parameters:
    ///   - url: Where events are posted to.
    ///   - bearer: The token.
    ///   - configuration: How.
    init(_ url: String, bearer: HiddenBearer?, _ configuration: Lineage.Configuration) {
        self.url = url
        var headers = ["Content-Type": "application/json"]
        if let bearer { headers["Authorization"] = "Bearer \(bearer.text)" }
        self.headers = headers
        var settings = HTTPClient.Configuration(
            stallTimeout: configuration.timeout,
            retryLimit: .zero,
            patience: .zero
        )
        settings.connectTimeout = configuration.timeout
        client = HTTPClient(settings)
        clock = configuration.clock
        noise = configuration.noise
        // Source: OpenLineage's `spec/OpenLineage.yml`, `POST /lineage/batch`.
        let takesLists = url.hasSuffix("/lineage/batch")
        most = takesLists ? Self.mostInList : 1
        let lanes = takesLists ? 1 : Self.lanes
        queue = LineageQueue(lanes: lanes, limit: max(configuration.eventLimit, 1))
    }

    /// Sends what comes, until the queue is closed and all is sent, or the task is cancelled.
    ///
    /// Once the queue is closed, a lane whose event cannot be sent at the second try gives up.
    ///
    /// - Parameter tell: Told what became of each try, and of how many events.
    func run(_ tell: @escaping @Sendable (Outcome, Int) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<queue.lanes { group.addTask { await self.send(lane, tell) } }
        }
    }

    /// Closes the connections.
    func close() {
        client.close()
    }

    private func send(_ lane: Int, _ tell: @Sendable (Outcome, Int) -> Void) async {
        var wait = Self.waits.first
        var failuresAtEnd = 0
        while true {
            let events = await queue.first(most, of: lane)
            if events.isEmpty { return }
            let outcome = await post(body(of: events))
            if Task.isCancelled, outcome != .delivered { return }
            tell(outcome, events.count)
            guard case .unreachable = outcome else {
                queue.remove(events.count, of: lane)
                wait = Self.waits.first
                continue
            }
            if queue.isClosed { failuresAtEnd += 1 }
            if failuresAtEnd == 2 { return }
            let pause = wait * (0.5 + noise() / 2)
            wait = min(wait * 2, Self.waits.longest)
            if queue.isClosed {
                // Cut short by the end of all, which the next look at the queue finds.
                try? await clock.sleep(for: min(pause, Self.waits.first))
            } else {
                await clock.limit(to: pause) { await self.queue.waitUntilClosed() }
            }
        }
    }

    /// The events as JSON: one, or a list where the address takes lists.
    private func body(of events: [LineageEvent]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(events.count * 3072)
        if most > 1 { bytes.append(UInt8(ascii: "[")) }
        for (place, event) in events.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            event.append(to: &bytes)
        }
        if most > 1 { bytes.append(UInt8(ascii: "]")) }
        return bytes
    }

    private func post(_ body: [UInt8]) async -> Outcome {
        let request = HTTPRequest(
            method: .post,
            url: url,
            headers: headers,
            body: body,
            maxResponseBytes: 1 << 16
        )
        do {
            let response = try await client.send(request, waitsAsAsked: false)
            if response.isSuccess { return .delivered }
            let error = HTTPError(response, to: request)
            return error.category == .transient
                ? .unreachable(error.message) : .refused(error.message)
        } catch let error as HTTPError {
            return error.category == .permanent
                ? .refused(error.message) : .unreachable(error.message)
        } catch {
            return .unreachable("\(error)")
        }
    }
}
