import Synchronization
import Tranche

/// Has those wait for their answers who are refused often.
///
/// What a flood of wrong requests costs those who work is bounded so, and how fast a token can be
/// guessed. Who asks for what there is never waits. Refusals are spaced by the generic cell rate
/// algorithm. Source: ITU-T I.371.
final class RefusalPace: Sendable {
    /// Refusals that an address is answered in a second, and at once behind a pause.
    static let perSecond = 100
    /// The longest that an answer waits.
    static let longest = Duration.seconds(2)
    private static let space = Duration.seconds(1) / perSecond
    /// Addresses above which those are forgotten that need not wait.
    private static let mostAddresses = 4096

    private let clock: any Clock<Duration>
    private let stopwatch: Stopwatch
    /// When the next refusal of an address is due, by the stopwatch.
    private let due = Mutex<[String: Duration]>([:])

    init(_ clock: any Clock<Duration>) {
        self.clock = clock
        stopwatch = Stopwatch(clock)
    }

    /// Whether another refusal of an address would wait.
    func isBehind(_ address: String) -> Bool {
        let now = stopwatch.elapsed
        return due.withLock { $0[address] }.map { $0 - now > Self.burst } ?? false
    }

    /// Takes note of an answer.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - address: Whom it is for.
    /// - Returns: How long it waits.
    func take(_ response: HTTPServerResponse, for address: String) -> Duration {
        guard Self.refused.contains(response.status) else { return .zero }
        let now = stopwatch.elapsed
        return due.withLock { due in
            let next = max(due[address] ?? now, now) + Self.space
            if due.count >= Self.mostAddresses { due = due.filter { $0.value > now } }
            due[address] = min(next, now + Self.burst + Self.longest)
            return min(max(next - now - Self.burst, .zero), Self.longest)
        }
    }

    /// Waits with an answer as long as it must, or until the task is cancelled.
    func wait(with response: HTTPServerResponse, for address: String) async {
        let pause = take(response, for: address)
        // Who is stopped answers at once.
        if pause > .zero { try? await clock.sleep(for: pause) }
    }

    /// So much is answered at once.
    private static let burst = space * perSecond

    /// What is wrong with the request itself; conflicts and limits are the daily life of workers.
    private static let refused: Set<Int> = [400, 401, 403, 404, 405, 413, 415]
}
