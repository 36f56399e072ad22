public import Foundation
import Synchronization
public import Tranche

/// A store that fails where a test wants it to.
///
/// It passes every request on to another store and counts it. A fault either keeps the request from
/// being made, or loses the answer of one that was.
public final class FaultInjectingStore: InventoryStore {
    /// The store that answers.
    public let base: any InventoryStore
    private let state = Mutex(State())

    /// Wraps a store.
    public init(_ base: any InventoryStore) {
        self.base = base
    }

    /// What the store is, for messages.
    public var name: String { base.name }

    /// Makes one call fail.
    ///
    /// - Parameters:
    ///   - moment: Before the request is made, or after it.
    ///   - call: Which call of this kind, counted from 1 since the store was wrapped.
    ///   - request: The kind of request.
    ///   - error: What it throws; by default, that the store cannot be reached (transient).
    public func inject(
        _ moment: Moment,
        call: Int,
        of request: Request,
        throwing error: any Error = TrancheError(.storeUnavailable, "injected")
    ) {
        state.withLock { $0.faults[Call(request: request, number: call)] = (moment, error) }
    }

    /// How often a kind of request was made, whether or not it failed.
    public func calls(of request: Request) -> Int {
        state.withLock { $0.counts[request] ?? 0 }
    }

    private func passing<R>(_ request: Request, _ body: () async throws -> R) async throws -> R {
        let fault = state.withLock { state in
            let number = (state.counts[request] ?? 0) + 1
            state.counts[request] = number
            return state.faults[Call(request: request, number: number)]
        }
        guard let fault else { return try await body() }
        if fault.moment == .after { _ = try await body() }
        throw fault.error
    }

    /// The kinds of requests.
    public enum Request: String, Sendable, Hashable, CaseIterable {
        /// To hand out batches.
        case acquire
        /// To end an attempt well.
        case succeed
        /// To end an attempt badly.
        case fail
        /// To give a batch back.
        case release
        /// To extend a lease.
        case heartbeat
        /// To read runs, summaries, batches or attempts.
        case read
        /// To make failed batches due, to pause, or to redefine.
        case change
    }

    /// When a fault strikes.
    public enum Moment: Sendable, Hashable {
        /// Before the request is made: it has no effect.
        case before
        /// After it was made: it has its effect, and the answer is lost.
        case after
    }

    private struct Call: Hashable {
        let request: Request
        let number: Int
    }

    private struct State {
        var counts: [Request: Int] = [:]
        var faults: [Call: (moment: Moment, error: any Error)] = [:]
    }
}

// MARK: - Requests

extension FaultInjectingStore {
    /// Passes the request on; see `InventoryStore`.
    public func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        plan: RangePlan?
    ) async throws -> AcquireOutcome {
        try await passing(.acquire) { try await base.acquire(request, from: source, plan: plan) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func succeed(
        _ holding: Holding,
        result: String?,
        logging: String?
    ) async throws -> BatchRecord {
        try await passing(.succeed) {
            try await base.succeed(holding, result: result, logging: logging)
        }
    }

    /// Passes the request on; see `InventoryStore`.
    public func fail(
        _ holding: Holding,
        error: String,
        result: String?
    ) async throws -> BatchRecord {
        try await passing(.fail) { try await base.fail(holding, error: error, result: result) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func release(_ holding: Holding) async throws -> BatchRecord {
        try await passing(.release) { try await base.release(holding) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func heartbeat(_ holding: Holding) async throws -> Date {
        try await passing(.heartbeat) { try await base.heartbeat(holding) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func runs(_ selection: RunSelection) async throws -> [RunRecord] {
        try await passing(.read) { try await base.runs(selection) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func summaries(_ selection: RunSelection) async throws -> [RunSummary] {
        try await passing(.read) { try await base.summaries(selection) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func batches(_ selection: BatchSelection) async throws -> [BatchRecord] {
        try await passing(.read) { try await base.batches(selection) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord] {
        try await passing(.read) { try await base.batches(holding: id, of: metaTable) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func attempts(of batch: Int64) async throws -> [AttemptRecord] {
        try await passing(.read) { try await base.attempts(of: batch) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func retry(_ selection: BatchSelection) async throws -> [Int64] {
        try await passing(.change) { try await base.retry(selection) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func setPause(_ reason: String?, of key: RunKey) async throws {
        try await passing(.change) { try await base.setPause(reason, of: key) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        bounds: IDBounds?,
        policy: RunPolicy?
    ) async throws {
        try await passing(.change) {
            try await base.redefine(key, definition: definition, bounds: bounds, policy: policy)
        }
    }

    /// Closes the store that answers.
    public func close() async {
        await base.close()
    }
}

extension FaultInjectingStore: UnderLockReader {
    /// Whether the store that answers may read a source while it holds a run.
    public func readsUnderLock(_ source: any MetaSource) -> Bool {
        (base as? any UnderLockReader)?.readsUnderLock(source) ?? false
    }
}
