/// The metrics of a batcher: its work so far, and its present load.
public struct MicroBatcherMetrics: Sendable, Hashable {
    /// Requests that were taken in.
    public var requests = 0
    /// Requests that were given up before they were sent.
    public var cancelled = 0
    /// Batches that were sent, tries again not counted.
    public var batches = 0
    /// Requests in these batches.
    public var sent = 0
    /// Batches whose function failed in the end.
    public var failedBatches = 0
    /// Times that a batch was tried again.
    public var retries = 0
    /// Results that belonged to no request, and were dropped.
    public var uncorrelated = 0
    /// Requests that wait to be sent.
    public var queued = 0
    /// Callers that wait for room in the queue.
    public var waitingForRoom = 0
    /// Batches that are under way.
    public var inFlight = 0
    /// How many batches had a size: of 1, of 2 to 3, of 4 to 7, and so on, each twice as large.
    public var sizes: [Int] = []
    /// How many batches were sent after a wait of their first request: below 1 µs, below 2 µs,
    /// below 4 µs, and so on, each twice as long.
    public var waits: [Int] = []

    /// Whether it holds nothing.
    package var isIdle: Bool { queued == 0 && waitingForRoom == 0 && inFlight == 0 }

    /// The mean size of the batches; 0 when there was none.
    public var meanSize: Double { batches == 0 ? 0 : Double(sent) / Double(batches) }

    @usableFromInline
    mutating func note(size: Int, wait: Duration) {
        batches += 1
        sent += size
        Self.count(Int.bitWidth - 1 - max(size, 1).leadingZeroBitCount, &sizes)
        let microseconds = max(0, Int(wait / .microseconds(1)))
        Self.count(Int.bitWidth - microseconds.leadingZeroBitCount, &waits)
    }

    private static func count(_ place: Int, _ counts: inout [Int]) {
        while counts.count <= place { counts.append(0) }
        counts[place] += 1
    }
}
