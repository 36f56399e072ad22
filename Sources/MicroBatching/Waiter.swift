public import Synchronization

/// The callers that wait for the result of a request: one caller, or those of a future.
///
/// Unchecked: what is not atomic is written before the waiter is shared, except for the
/// continuation, which is written before `state` becomes `waiting` and read by the one who takes
/// `state` from there.
@usableFromInline
final class Waiter<Response: Sendable>: @unchecked Sendable {
    @usableFromInline let state = Atomic(WaiterState.new)
    @usableFromInline var continuation: UnsafeContinuation<Response, any Error>?
    /// Where the result goes, when several may wait for it.
    @usableFromInline let future: BatchFuture<Response>?

    @inlinable
    init() {
        future = nil
    }

    @inlinable
    init(_ future: BatchFuture<Response>) {
        self.future = future
        state.store(WaiterState.waiting, ordering: .releasing)
    }

    /// Whether the result is wanted no more.
    @inlinable
    var isEnded: Bool { state.load(ordering: .acquiring) == WaiterState.ended }

    /// Takes the continuation of the caller.
    ///
    /// - Returns: Whether it waits; it was resumed when it was cancelled before.
    @inlinable
    func wait(with continuation: UnsafeContinuation<Response, any Error>) -> Bool {
        self.continuation = continuation
        let (isNew, _) = state.compareExchange(
            expected: WaiterState.new,
            desired: WaiterState.waiting,
            ordering: .acquiringAndReleasing
        )
        if !isNew { continuation.resume(throwing: CancellationError()) }
        return isNew
    }

    /// Gives the result, unless nobody waits any more.
    ///
    /// - Returns: Whether somebody waited.
    @inlinable
    @discardableResult
    func end(_ result: Result<Response, any Error>) -> Bool {
        let before = state.exchange(WaiterState.ended, ordering: .acquiringAndReleasing)
        guard before == WaiterState.waiting else { return false }
        if let future {
            future.resolve(result)
        } else {
            continuation?.resume(with: result)
        }
        return true
    }

    /// Stops waiting.
    ///
    /// - Returns: Whether it waited or was about to.
    @inlinable
    func cancel() -> Bool {
        let before = state.exchange(WaiterState.ended, ordering: .acquiringAndReleasing)
        if before == WaiterState.waiting { continuation?.resume(throwing: CancellationError()) }
        return before != WaiterState.ended
    }
}

@usableFromInline
enum WaiterState: Sendable {
    @inlinable static var new: UInt8 { 0 }
    @inlinable static var waiting: UInt8 { 1 }
    @inlinable static var ended: UInt8 { 2 }
}
