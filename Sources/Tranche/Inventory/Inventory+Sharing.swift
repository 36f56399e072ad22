import Foundation
import MicroBatching
import Synchronization

/// Requests of several tasks that are made together.
///
/// Whoever has no company asks at once; who comes while a request is under way waits for it to end, and is then
/// asked for together with all others who came. So a transaction is shared by as many as there are, and nobody
/// waits for company.
extension Inventory {
    /// Who asks for batches.
    struct SharedAcquire: Sendable {
        let inventory: Inventory
        let source: any MetaSource
        let request: AcquireRequest
    }

    /// What came of it.
    enum SharedAnswer: Sendable {
        case batches([Batch])
        case none(NoBatchReason)
        /// Others were given all that there was: to be asked again.
        case again
    }

    typealias AcquireLine = MicroBatcher<SharedAcquire, SharedAnswer>

    /// Hands out batches, in one transaction with others who ask for the same just now.
    func handOutSharing(
        _ request: AcquireRequest,
        from source: any MetaSource
    ) async throws -> (batches: [Batch], reason: NoBatchReason) {
        let line = line(for: request)
        var request = request
        while true {
            if line.beginAlone() {
                defer { line.endAlone() }
                return try await handOut(request, from: source)
            }
            let call = SharedAcquire(inventory: self, source: source, request: request)
            switch try await line.execute(call) {
            case .batches(let batches): return (batches, .complete)
            case .none(let reason): return ([], reason)
            case .again: request.endings = []
            }
        }
    }

    /// How many tasks wait for another's request to end, before theirs is made.
    package var waitingForBatches: Int {
        lines.withLock { $0.queued }
    }

    /// How many failures wait for another's to be recorded.
    package var waitingToFail: Int { failures.withLock { $0.queued } }

    /// Where those wait who ask for the same.
    private func line(for request: AcquireRequest) -> AcquireLine {
        var key = request
        key.worker = nil
        key.token = ""
        key.batches = 1
        key.endings = []
        key.mayBeRepeated = false
        return lines.withLock { lines in
            lines.line(for: key) {
                var configuration = Self.eagerly
                configuration.cancelsUnwanted = true
                return AcquireLine(
                    configuration,
                    ordered: Self.acquireTogether,
                    onUndelivered: Self.giveBack
                )
            }
        }
    }

    /// Hands out to each what it asks for, as far as there is any, in the order in which they came.
    @Sendable
    private static func acquireTogether(_ calls: [SharedAcquire]) async throws -> [SharedAnswer] {
        guard let first = calls.first else { return [] }
        let requests = calls.map(\.request)
        var request = first.request
        request.batches = requests.reduce(0) { $0 + $1.batches }
        request.workers = requests.flatMap { Array(repeating: $0.worker ?? "", count: $0.batches) }
        request.mayHandOutFewer = requests.allSatisfy { $0.batches == 1 }
        request.endings = requests.flatMap(\.endings)
        let answer = try await first.inventory.handOut(request, from: first.source)
        var left = answer.batches[...]
        return requests.map { request in
            let own = left.prefix(request.batches)
            left = left.dropFirst(own.count)
            if !own.isEmpty { return .batches(Array(own)) }
            return answer.batches.isEmpty ? .none(answer.reason) : .again
        }
    }

    /// Gives batches back whose caller was cancelled meanwhile.
    @Sendable
    private static func giveBack(_ answer: SharedAnswer) async {
        guard case .batches(let batches) = answer else { return }
        // Where one cannot be given back, its lease ends, and it is offered again all the same.
        for batch in batches { _ = try? await batch.release() }
    }

    // MARK: - Ends and heartbeats

    typealias EndingLine = MicroBatcher<GoodEnding, BatchRecord?>
    typealias HeartbeatLine = MicroBatcher<Holding, Date?>

    static func endingLine(_ store: any SharingStore) -> EndingLine {
        EndingLine(eagerly, ordered: { try await store.succeed($0) })
    }

    static func heartbeatLine(_ store: any SharingStore) -> HeartbeatLine {
        HeartbeatLine(eagerly, ordered: { try await store.heartbeat($0) })
    }

    private static var eagerly: MicroBatcherConfiguration {
        var configuration = MicroBatcherConfiguration(size: 64)
        configuration.maxInFlight = 1
        configuration.isEager = true
        return configuration
    }

    /// An acquire was to end an attempt that was not held, or had ended before; nothing was changed.
    struct EndingRefused: Error {}

    /// Ends an attempt well, in one transaction with others who do so just now.
    func succeed(_ ending: GoodEnding) async throws -> BatchRecord {
        try await share(ending, in: endings) {
            try await store.succeed(
                ending.holding,
                result: ending.result,
                logging: ending.logging
            )
        }
    }

    /// Ends an attempt badly, in one transaction with others of the run who do so just now.
    func fail(_ ending: BadEnding, of key: RunKey) async throws -> BatchRecord {
        let line = sharing.map { store in
            failures.withLock { lines in
                lines.line(for: key) {
                    MicroBatcher(Self.eagerly, ordered: { try await store.fail($0) })
                }
            }
        }
        return try await share(ending, in: line) {
            try await store.fail(ending.holding, with: ending.failure)
        }
    }

    /// Extends a lease, in one transaction with others who do so just now.
    func heartbeat(_ holding: Holding) async throws -> Date {
        try await share(holding, in: heartbeats) { try await store.heartbeat(holding) }
    }

    /// Asks together with others; alone where there is no company, where the attempt is not as it must be, or
    /// where one of the others makes all fail.
    private func share<Request, Answer>(
        _ request: Request,
        in line: MicroBatcher<Request, Answer?>?,
        alone: () async throws -> Answer
    ) async throws -> Answer {
        guard let line else { return try await alone() }
        if line.beginAlone() {
            defer { line.endAlone() }
            return try await alone()
        }
        do {
            if let answer = try await line.execute(request) { return answer }
        } catch let error as TrancheError where error.category == .permanent {
            // It is told by who asks alone.
        }
        return try await alone()
    }
}

/// Where those wait who ask for the same, by what that is.
struct Lines<Key: Hashable & Sendable, Request: Sendable, Answer: Sendable>: Sendable {
    typealias Line = MicroBatcher<Request, Answer>

    private var lines: [Key: Line] = [:]

    /// How many wait.
    var queued: Int { lines.values.reduce(0) { $0 + $1.metrics.queued } }

    mutating func line(for key: Key, _ make: () -> Line) -> Line {
        if let line = lines[key] { return line }
        // Runs come and go: those that nobody asks for just now are made again when they are.
        if lines.count >= 256 { lines = lines.filter { !$0.value.metrics.isIdle } }
        let line = make()
        lines[key] = line
        return line
    }
}
