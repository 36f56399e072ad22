import MicroBatching

/// Queues of tasks that ask for the same, by what that is.
struct RequestQueues<Key: Hashable & Sendable, Request: Sendable, Answer: Sendable>: Sendable {
    typealias Queue = MicroBatcher<Request, Answer>

    private var queues: [Key: Queue] = [:]

    /// How many tasks wait.
    var waiting: Int { queues.values.reduce(0) { $0 + $1.metrics.queued } }

    mutating func queue(for key: Key, _ make: () -> Queue) -> Queue {
        if let queue = queues[key] { return queue }
        // Runs come and go: a queue that nobody stands in just now is made again when somebody
        // does.
        if queues.count >= 256 { queues = queues.filter { !$0.value.metrics.isIdle } }
        let queue = make()
        queues[key] = queue
        return queue
    }
}
