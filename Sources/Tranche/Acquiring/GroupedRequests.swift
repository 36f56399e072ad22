import FoundationEssentials
import MicroBatching
import Synchronization

/// Requests that tasks of this process make together, a group in one transaction.
///
/// A lone caller goes straight to the store. Callers that arrive during a request wait for it to
/// finish and then share the next transaction. So nobody waits for company.
final class GroupedRequests: Sendable {
    private let isSharing: Bool
    private let store: any InventoryStore
    /// The store, where it ends several attempts in one transaction.
    private let sharing: (any SharingStore)?
    private let acquires = Mutex(RequestQueues<AcquireRequest, AcquireCall, AcquireAnswer>())
    private let successes: MicroBatcher<AttemptSuccess, BatchRecord?>?
    private let failures = Mutex(RequestQueues<RunKey, AttemptFailure, BatchRecord?>())
    private let heartbeats: MicroBatcher<AttemptKey, Date?>?

    /// Makes the queues of a store's callers.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - isSharing: Whether callers share transactions; else each has its own.
    init(store: any InventoryStore, isSharing: Bool) {
        self.store = store
        self.isSharing = isSharing
        let sharing = isSharing ? store as? any SharingStore : nil
        self.sharing = sharing
        successes = sharing.map { store in
            MicroBatcher(Self.eagerly, ordered: { try await store.succeed($0) })
        }
        heartbeats = sharing.map { store in
            MicroBatcher(Self.eagerly, ordered: { try await store.heartbeat($0) })
        }
    }

    private static var eagerly: MicroBatcherConfiguration {
        var configuration = MicroBatcherConfiguration(size: 64)
        configuration.maxInFlight = 1
        configuration.isEager = true
        return configuration
    }

    /// How many tasks wait for another's request to end, before theirs is made.
    var waitingForBatches: Int { acquires.withLock { $0.waiting } }

    /// How many failures wait for another's to be recorded.
    var waitingToFail: Int { failures.withLock { $0.waiting } }
}

// MARK: - Ends and heartbeats

extension GroupedRequests {
    /// Ends an attempt well.
    func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        try await share(ending, in: successes) {
            try await store.succeed(ending)
        }
    }

    /// Ends an attempt of a run badly.
    func fail(_ ending: AttemptFailure, of key: RunKey) async throws -> BatchRecord {
        let queue = sharing.map { store in
            failures.withLock { queues in
                queues.queue(for: key) {
                    MicroBatcher(Self.eagerly, ordered: { try await store.fail($0) })
                }
            }
        }
        return try await share(ending, in: queue) {
            try await store.fail(ending.holding, with: ending.failure)
        }
    }

    /// Extends a lease.
    func heartbeat(_ holding: AttemptKey) async throws -> Date {
        try await share(holding, in: heartbeats) { try await store.heartbeat(holding) }
    }

    /// Asks together with others; alone where there is no company, where the attempt is not as it
    /// must be, or where one of the others makes all fail.
    private func share<Request, Answer>(
        _ request: Request,
        in queue: MicroBatcher<Request, Answer?>?,
        alone: () async throws -> Answer
    ) async throws -> Answer {
        guard let queue else { return try await alone() }
        if queue.beginAlone() {
            defer { queue.endAlone() }
            return try await alone()
        }
        do {
            if let answer = try await queue.execute(request) { return answer }
        } catch let error as TrancheError where error.category == .permanent {
            // The caller to blame is told when it asks alone.
        }
        return try await alone()
    }
}

// MARK: - Acquires

extension GroupedRequests {
    /// What a caller asks for.
    struct AcquireCall: Sendable {
        let request: AcquireRequest
        var endings: [AttemptSuccess]
        let source: any MetaSource
        let inventory: Inventory
    }

    /// What it is given.
    private enum AcquireAnswer: Sendable {
        case batches([Batch])
        case none(NoBatchReason)
        /// Others were given all that there was: to be asked again.
        case again
        /// One of those who asked has lost the batch that it would end: each is to ask alone.
        case alone
    }

    /// Hands out batches, in one transaction with callers that ask for the same just now.
    func acquire(_ call: AcquireCall) async throws -> Inventory.Answer {
        let (inventory, source) = (call.inventory, call.source)
        guard isSharing, call.request.isTokenMadeUp else {
            return try await inventory.answer(call.request, from: source, ending: call.endings)
        }
        let queue = queue(for: call.request)
        var call = call
        while true {
            if queue.beginAlone() {
                defer { queue.endAlone() }
                return try await inventory.answer(call.request, from: source, ending: call.endings)
            }
            switch try await queue.execute(call) {
            case .batches(let batches): return (batches, .complete)
            case .none(let reason): return ([], reason)
            case .again:
                call.endings = []
            case .alone:
                return try await inventory.answer(call.request, from: source, ending: call.endings)
            }
        }
    }

    private func queue(
        for request: AcquireRequest
    ) -> RequestQueues<AcquireRequest, AcquireCall, AcquireAnswer>.Queue {
        var key = request
        key.slots = []
        key.mayBeRepeated = false
        return acquires.withLock { queues in
            queues.queue(for: key) {
                var configuration = Self.eagerly
                configuration.cancelsUnwanted = true
                return MicroBatcher(
                    configuration,
                    ordered: Self.acquireTogether,
                    onUndelivered: Self.giveBack
                )
            }
        }
    }

    /// Hands out to each what it asks for, as far as there is any, in the order in which they came.
    @Sendable
    private static func acquireTogether(_ calls: [AcquireCall]) async throws -> [AcquireAnswer] {
        guard let first = calls.first else { return [] }
        var request = first.request
        request.slots = calls.flatMap(\.request.slots)
        request.mayHandOutFewer = calls.allSatisfy { $0.request.slots.count == 1 }
        let answer: Inventory.Answer
        do {
            answer = try await first.inventory.answer(
                request,
                from: first.source,
                ending: calls.flatMap(\.endings)
            )
        } catch is Inventory.EndingRefused where calls.count > 1 {
            // Nothing was changed, and only one of them is to blame.
            return calls.map { _ in .alone }
        }
        var left = answer.batches[...]
        return calls.map { call in
            let own = left.prefix(call.request.slots.count)
            left = left.dropFirst(own.count)
            if !own.isEmpty { return .batches(Array(own)) }
            return answer.batches.isEmpty ? .none(answer.reason) : .again
        }
    }

    /// Gives batches back whose caller was cancelled meanwhile.
    @Sendable
    private static func giveBack(_ answer: AcquireAnswer) async {
        guard case .batches(let batches) = answer else { return }
        // Where one cannot be given back, its lease ends, and it is offered again all the same.
        for batch in batches { _ = try? await batch.release() }
    }
}
