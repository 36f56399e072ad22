import Synchronization
public import Tranche

/// A store that fails where a test wants it to.
///
/// It passes every request on to another store and counts it. A fault either keeps the request from
/// being made, or loses the answer of one that was.
public final class FaultInjectingStore: ForwardingStore {
    /// The store that answers.
    public let base: any InventoryStore
    private let state = Mutex(State())

    /// The kinds of requests.
    public typealias Request = StoreRequest

    /// Wraps a store.
    public init(_ base: any InventoryStore) {
        self.base = base
    }

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

    /// Counts the request, and passes it on unless it is to fail.
    public func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R
    {
        let fault = state.withLock { state in
            let number = (state.counts[request] ?? 0) + 1
            state.counts[request] = number
            return state.faults[Call(request: request, number: number)]
        }
        guard let fault else { return try await body() }
        if fault.moment == .after { _ = try await body() }
        throw fault.error
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
