import Synchronization

/// A result that is there later; any number may wait for it, and all see the same.
public final class BatchFuture<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiters: [UInt64: CheckedContinuation<Value, any Error>] = [:]
        var next: UInt64 = 0
        var onEnd: (@Sendable (Result<Value, any Error>) -> Void)?
    }

    private let state = Mutex(State())

    /// Makes a future that is pending.
    @usableFromInline init() {}

    /// Makes a future that is pending.
    ///
    /// - Parameter onEnd: Told the result before anybody else is.
    init(onEnd: @escaping @Sendable (Result<Value, any Error>) -> Void) {
        state.withLock { $0.onEnd = onEnd }
    }

    /// Makes a future that is resolved.
    init(resolved value: Value) {
        state.withLock { $0.result = .success(value) }
    }

    /// The result, or `nil` while it is pending.
    public var result: Result<Value, any Error>? { state.withLock { $0.result } }

    /// Waits for the result.
    ///
    /// A result that is there is given, whether the task is cancelled or not.
    ///
    /// - Throws: What the request ended with; `CancellationError` when the task is cancelled
    ///   before: the request goes on.
    public var value: Value {
        get async throws {
            let number = state.withLock { state in
                state.next += 1
                return state.next
            }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let result = state.withLock { state -> Result<Value, any Error>? in
                        if let result = state.result { return result }
                        if Task.isCancelled { return .failure(CancellationError()) }
                        state.waiters[number] = continuation
                        return nil
                    }
                    if let result { continuation.resume(with: result) }
                }
            } onCancel: {
                let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
                waiter?.resume(throwing: CancellationError())
            }
        }
    }

    /// Resolves the future; the first result counts.
    @usableFromInline
    func resolve(_ result: Result<Value, any Error>) {
        let onEnd = state.withLock { state in
            defer { state.onEnd = nil }
            return state.onEnd
        }
        onEnd?(result)
        let waiters = state.withLock { state in
            guard state.result == nil else {
                return [UInt64: CheckedContinuation<Value, any Error>]()
            }
            state.result = result
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(with: result) }
    }
}

extension BatchFuture: CustomStringConvertible {
    /// Whether it is pending, or what it holds.
    public var description: String {
        switch result {
        case nil: "pending"
        case .success(let value): "resolved: \(value)"
        case .failure(let error): "failed: \(error)"
        }
    }
}
