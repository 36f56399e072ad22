import Synchronization
import Tranche

/// Answers to what many ask, each read and encoded once for all who ask within a second.
///
/// One is given again until it is a second old, or something was changed that it may show: who
/// changes something here sees that in what they read next. One that takes longer to read is given
/// for as long as that took, so that reading never takes more than half of the time.
final class SharedAnswers: Sendable {
    /// What an answer shows, and so what makes it old.
    enum Subject: Sendable, Hashable {
        /// The inventory: what operators do. What workers do is shown a second later.
        case inventory
        /// Single runs: what operators do, and workers.
        case runs
    }

    /// What is asked for, and what of it the caller sees.
    struct Key: Hashable, Sendable {
        let path: [String]
        /// Names and values by turns, as they came.
        let query: [String]
        let jobs: Set<String>?
        let roles: Set<ServerRole>

        init(_ request: HTTPServerRequest, of caller: Caller) {
            path = request.segments
            query = request.query.flatMap { [$0.name, $0.value] }
            (jobs, roles) = (caller.jobs, caller.roles)
        }

        var bytes: Int { (path + query).reduce(0) { $0 + $1.utf8.count } }
    }

    /// What was changed.
    enum Change: Sendable {
        /// Runs, as workers do.
        case ofRuns
        /// Anything, as operators do.
        case ofAll
    }

    private struct Kept {
        let answer: HTTPServerResponse
        let bytes: Int
        /// Until when it is given.
        let until: Duration
        /// The changes that it shows.
        let changes: Int
    }

    /// A reading that goes on, and who waits for it.
    private struct Reading {
        /// The changes that it is sure to show.
        let changes: Int
        var waiting: [(changes: Int, continuation: CheckedContinuation<Outcome?, Never>)] = []
    }

    private typealias Outcome = Result<HTTPServerResponse, any Error>

    private struct State {
        var kept: [Key: Kept] = [:]
        var bytes = 0
        var readings: [Key: Reading] = [:]
        var changesOfRuns = 0
        var changesOfAll = 0

        /// How often what a subject shows was changed.
        func changes(of subject: Subject) -> Int {
            subject == .runs ? changesOfRuns &+ changesOfAll : changesOfAll
        }
    }

    private enum Next { case give(HTTPServerResponse), wait, read(changes: Int) }

    /// How old an answer may be that is given again.
    static let age = Duration.seconds(1)
    /// The most answers that are kept.
    static let most = 256
    /// The most bytes that they have together; each counts for what it is in memory.
    static let mostBytes = 16 << 20

    private let stopwatch: Stopwatch
    private let state = Mutex(State())

    init(_ clock: any Clock<Duration>) {
        stopwatch = Stopwatch(clock)
    }

    // MARK: - Asking

    /// The answer that is kept and may be given again; `nil` where there is none.
    func kept(_ key: Key, of subject: Subject) -> HTTPServerResponse? {
        let now = stopwatch.elapsed
        return state.withLock { Self.young(key, of: subject, at: now, in: $0) }
    }

    /// The answer: one that is kept, or that somebody else reads, or one that is read now.
    ///
    /// - Parameters:
    ///   - key: What is asked for.
    ///   - subject: What the answer shows.
    ///   - read: Reads and encodes it.
    /// - Returns: The answer.
    /// - Throws: What `read` throws, to all who wait for it; `CancellationError`.
    func answer(
        to key: Key,
        of subject: Subject,
        _ read: () async throws -> HTTPServerResponse
    ) async throws -> HTTPServerResponse {
        let asked = state.withLock { $0.changes(of: subject) }
        while true {
            switch next(key, of: subject) {
            case .give(let answer): return answer
            case .read(let changes): return try await readNow(key, of: subject, changes, read)
            case .wait:
                if let outcome = await outcome(of: key, since: asked) { return try outcome.get() }
            }
        }
    }

    /// Has answers that show a change read anew by the next who asks.
    func note(_ change: Change) {
        state.withLock { state in
            switch change {
            case .ofRuns: state.changesOfRuns &+= 1
            case .ofAll: state.changesOfAll &+= 1
            }
        }
    }

    /// How many wait for somebody else's reading.
    var waiting: Int {
        state.withLock { $0.readings.values.reduce(0) { $0 + $1.waiting.count } }
    }

    /// How many answers are kept, and their bytes.
    var size: (answers: Int, bytes: Int) { state.withLock { ($0.kept.count, $0.bytes) } }

    // MARK: - Reading

    private static func young(
        _ key: Key,
        of subject: Subject,
        at now: Duration,
        in state: State
    ) -> HTTPServerResponse? {
        guard let kept = state.kept[key], now <= kept.until,
            kept.changes == state.changes(of: subject)
        else { return nil }
        return kept.answer
    }

    private func next(_ key: Key, of subject: Subject) -> Next {
        let now = stopwatch.elapsed
        return state.withLock { state in
            if let answer = Self.young(key, of: subject, at: now, in: state) {
                return .give(answer)
            }
            if state.readings[key] != nil { return .wait }
            let changes = state.changes(of: subject)
            state.readings[key] = Reading(changes: changes)
            return .read(changes: changes)
        }
    }

    /// What somebody else's reading comes to; `nil` where it is over, was cancelled, or may not
    /// show what was changed before it was asked for.
    private func outcome(of key: Key, since changes: Int) async -> Outcome? {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.readings[key] != nil else { return true }
                state.readings[key]?.waiting.append((changes, continuation))
                return false
            }
            if isOver { continuation.resume(returning: nil) }
        }
    }

    private func readNow(
        _ key: Key,
        of subject: Subject,
        _ changes: Int,
        _ read: () async throws -> HTTPServerResponse
    ) async throws -> HTTPServerResponse {
        let began = stopwatch.elapsed
        let outcome: Outcome
        do {
            outcome = .success(try await read())
        } catch {
            outcome = .failure(error)
        }
        let end = stopwatch.elapsed
        let reading = state.withLock { state in
            if case .success(let answer) = outcome, answer.status == 200 {
                let until = max(began + Self.age, end + (end - began))
                Self.keep(answer, until: until, changes, as: key, in: &state, at: end)
            }
            return state.readings.removeValue(forKey: key)
        }
        // Another's cancellation is none of those who wait.
        let isShared = !(outcome.failure is CancellationError)
        for one in reading?.waiting ?? [] {
            let isSeen = isShared && changes &- one.changes >= 0
            one.continuation.resume(returning: isSeen ? outcome : nil)
        }
        return try outcome.get()
    }

    /// Keeps an answer, and lets go of as many as that takes: old ones first.
    private static func keep(
        _ answer: HTTPServerResponse,
        until end: Duration,
        _ changes: Int,
        as key: Key,
        in state: inout State,
        at now: Duration
    ) {
        drop(key, of: &state)
        // The library has its bytes once more.
        let bytes = 2 * answer.body.count + key.bytes + overhead
        guard bytes <= mostBytes / 4 else { return }
        if state.kept.count >= most || state.bytes + bytes > mostBytes {
            for (key, kept) in state.kept where kept.until < now {
                drop(key, of: &state)
            }
        }
        while state.kept.count >= most || state.bytes + bytes > mostBytes,
            let oldest = state.kept.min(by: { $0.value.until < $1.value.until })
        {
            drop(oldest.key, of: &state)
        }
        let shared = KeptAnswer(answer).shared
        state.kept[key] = Kept(answer: shared, bytes: bytes, until: end, changes: changes)
        state.bytes += bytes
    }

    private static func drop(_ key: Key, of state: inout State) {
        guard let kept = state.kept.removeValue(forKey: key) else { return }
        state.bytes -= kept.bytes
    }

    /// What an answer takes beside its bytes, about.
    private static let overhead = 2 << 10
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
