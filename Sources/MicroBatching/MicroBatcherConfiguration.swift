/// When batches are sent, and how many.
public struct MicroBatcherConfiguration: Sendable {
    /// Most requests of a batch: it is sent when it has so many; 0, the default, is any number.
    public var size = 0
    /// How long after its first request a batch is sent; `nil`, the default, is never, and so is 0.
    ///
    /// With neither size, weight nor timeout nothing is sent before ``MicroBatcher/flush()``.
    public var timeout: Duration?
    /// Most weight of a batch, above 0; any by default.
    ///
    /// A heavier request is a batch by itself.
    public var weight = Double.infinity
    /// Most batches that are under way at once; 0, the default, is any number.
    public var maxInFlight = 0
    /// Whether a batch is sent whenever fewer than ``maxInFlight`` are under way; false by default.
    ///
    /// A request without company then waits for nobody, and batches grow with the company; no
    /// timeout is needed.
    public var isEager = false
    /// Most requests that wait to be sent, but at least a batch; 0, the default, is any number.
    ///
    /// Callers of ``MicroBatcher/execute(_:)`` wait for room.
    public var maxQueued = 0
    /// Whether the batch function is cancelled when nobody waits for any of its results; false by
    /// default.
    public var cancelsUnwanted = false
    /// How long to wait before a batch whose function failed is tried again; `nil`, the default, is
    /// to give up.
    ///
    /// It is given the error, and how often the batch was tried.
    public var retry: @Sendable (any Error, Int) -> Duration? = { _, _ in nil }

    /// Makes a configuration.
    public init(size: Int = 0, timeout: Duration? = nil) {
        self.size = size
        self.timeout = timeout
    }
}
