import Synchronization

/// Loads values by keys, in batches, and keeps what was loaded.
///
/// ```swift
/// let users = DataLoader<Int64, User>(size: 100, timeout: .milliseconds(2)) { ids in
///     try await database.users(ids)       // [id: user]
/// }
/// let user = try await users.load(17)
/// ```
///
/// All callers that load a key at once share one request, and later ones its value. Failures are
/// not kept.
public final class DataLoader<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let future: BatchFuture<Value>
        /// Which entry it is.
        let number: UInt64
        /// When it was used last, in uses of the cache.
        var use: UInt64
    }

    private struct Cache: Sendable {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let batcher: MicroBatcher<Key, Value>
    private let cache = Mutex(Cache())
    private let capacity: Int

    /// Makes a loader.
    ///
    /// - Parameters:
    ///   - size: Most keys of a batch; 0 for any.
    ///   - timeout: How long after its first key a batch is loaded; never with `nil`.
    ///   - capacity: Most values that are kept: what was not used for longest is forgotten; 0, the
    ///     default, is any number.
    ///   - load: Loads the values of some keys, each of which stands once; a key without a value
    ///     fails with ``MicroBatcherError/noResult(id:)``.
    public convenience init(
        size: Int = 0,
        timeout: Duration? = nil,
        capacity: Int = 0,
        load: @escaping @Sendable ([Key]) async throws -> [Key: Value]
    ) {
        self.init(
            MicroBatcherConfiguration(size: size, timeout: timeout),
            capacity: capacity
        ) { keys in
            try await load(keys).mapValues { .success($0) }
        }
    }

    /// Makes a loader whose keys may fail one by one.
    ///
    /// - Parameters:
    ///   - configuration: When batches are loaded, and how many.
    ///   - clock: Measures the timeout.
    ///   - capacity: Most values that are kept; 0 for any number.
    ///   - load: Loads the values of some keys, or says why one has none.
    public init(
        _ configuration: MicroBatcherConfiguration,
        clock: some Clock<Duration> = ContinuousClock(),
        capacity: Int = 0,
        load: @escaping @Sendable ([Key]) async throws -> [Key: Result<Value, any Error>]
    ) {
        precondition(capacity >= 0, "a cache has no negative capacity; 0 is any")
        self.capacity = capacity
        batcher = MicroBatcher(configuration, clock: clock, id: { $0 }, keyed: load)
    }

    /// Loads a value, or gives the one that was loaded.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value.
    /// - Throws: What the load function throws for the key; `CancellationError` when the task is
    ///   cancelled: the loading goes on for the others. A task that is cancelled already asks for
    ///   nothing; what is there it gets.
    public func load(_ key: Key) async throws -> Value {
        guard let future = future(of: key) else { throw CancellationError() }
        return try await future.value
    }

    /// Loads several values.
    ///
    /// - Parameter keys: The keys; one may stand several times.
    /// - Returns: For each key its value, or why it has none, in the order of the keys.
    /// - Throws: `CancellationError`.
    public func loadMany(_ keys: [Key]) async throws -> [Result<Value, any Error>] {
        var results: [Result<Value, any Error>] = []
        for future in keys.map(future) {
            guard let future else { throw CancellationError() }
            do {
                results.append(.success(try await future.value))
            } catch {
                try Task.checkCancellation()
                results.append(.failure(error))
            }
        }
        return results
    }

    /// Keeps a value, as if it had been loaded; one that is there, or is being loaded, stays.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    public func prime(_ key: Key, _ value: Value) {
        cache.withLock { cache in
            if cache.entries[key] != nil { return }
            keep(BatchFuture(resolved: value), of: key, in: &cache)
        }
    }

    /// Forgets a value; callers that wait for it get it.
    public func clear(_ key: Key) {
        cache.withLock { _ = $0.entries.removeValue(forKey: key) }
    }

    /// Forgets all values.
    public func clear() {
        cache.withLock { $0.entries = [:] }
    }

    /// Loads what has been collected, however little.
    public func flush() async { await batcher.flush() }

    /// Takes no key any more, and waits for what is being loaded.
    public func shutdown() async { await batcher.shutdown() }

    /// The metrics of the batcher below.
    public var metrics: MicroBatcherMetrics { batcher.metrics }

    /// How many values are kept or being loaded.
    public var count: Int { cache.withLock { $0.entries.count } }

    /// The future of a key, asked for where it was not before; `nil` where the task is cancelled.
    private func future(of key: Key) -> BatchFuture<Value>? {
        let (future, isNew) = cache.withLock { cache -> (BatchFuture<Value>?, Bool) in
            cache.uses += 1
            if let entry = cache.entries[key] {
                cache.entries[key]?.use = cache.uses
                return (entry.future, false)
            }
            if Task.isCancelled { return (nil, false) }
            let number = cache.uses + 1
            let future = BatchFuture<Value> { [self] result in
                if case .failure = result { forget(key, number) }
            }
            keep(future, of: key, in: &cache)
            return (future, true)
        }
        // The request is made behind the lock: a batch that it fills may begin at once.
        if isNew, let future { batcher.submit(key, for: future) }
        return future
    }

    /// Forgets what failed; what was put in its place meanwhile stays.
    private func forget(_ key: Key, _ number: UInt64) {
        cache.withLock { cache in
            if cache.entries[key]?.number == number { cache.entries[key] = nil }
        }
    }

    private func keep(_ future: BatchFuture<Value>, of key: Key, in cache: inout Cache) {
        cache.uses += 1
        cache.entries[key] = Entry(future: future, number: cache.uses, use: cache.uses)
        guard capacity > 0, cache.entries.count > capacity else { return }
        // Some are forgotten together, so that the search for them is paid by many.
        let uses = cache.entries.values.map(\.use).sorted()
        let oldest = uses[min(uses.count - 1, max(1, capacity / 8))]
        cache.entries = cache.entries.filter { $0.value.use >= oldest || $0.key == key }
    }
}
