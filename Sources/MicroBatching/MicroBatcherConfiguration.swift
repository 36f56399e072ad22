/// When batches are sent, and how many.
public struct MicroBatcherConfiguration: Sendable {
    /// Most requests of a batch: it is sent when it has so many. 0, the default, is any number.
    public var size = 0
    /// How long after its first request a batch is sent. `nil`, the default, is never; not above 0, too.
    ///
    /// With neither size, weight nor timeout nothing is sent before ``MicroBatcher/flush()``.
    public var timeout: Duration?
    /// Most weight of a batch; any by default. A heavier request is a batch by itself.
    public var weight = Double.infinity
    /// Most batches that are under way at once. 0, the default, is any number.
    public var maxInFlight = 0
    /// Most requests that wait to be sent, but at least a batch; callers of ``MicroBatcher/execute(_:)`` wait for
    /// room. 0, the default, is any number.
    public var maxQueued = 0
    /// Whether the batch function is cancelled when nobody waits for any of its results; false by default.
    public var cancelsUnwanted = false
    /// Whether a batch whose function failed is tried again: given the error and how often it was tried, says how
    /// long to wait before; `nil` to give up. By default it is never tried again.
    public var retry: @Sendable (any Error, Int) -> Duration? = { _, _ in nil }

    /// Makes a configuration.
    public init(size: Int = 0, timeout: Duration? = nil) {
        self.size = size
        self.timeout = timeout
    }
}
