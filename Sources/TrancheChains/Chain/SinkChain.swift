public import Tranche

/// A chain whose records are written to a sink: what is run.
public struct SinkChain: Sendable {
    let chain: Chain<Record>
    let sink: any RecordSink

    init(_ chain: Chain<Record>, sink: any RecordSink) {
        self.chain = chain
        self.sink = sink
    }
}

extension Chain where Element == Record {
    /// Ends the chain with a sink.
    ///
    /// - Parameter sink: Where the records are written.
    /// - Returns: What can be run.
    public func write(to sink: some RecordSink) -> SinkChain {
        SinkChain(self, sink: sink)
    }
}

extension RecordSink {
    /// Makes the sink ready for a chain, and finds out what it promises.
    ///
    /// - Parameters:
    ///   - fields: The fields of the records.
    ///   - inventory: The inventory.
    ///   - options: What is wanted, and whether a sink that is away is waited for.
    /// - Returns: The promise.
    /// - Throws: What the sink throws; `TrancheError` `.promiseNotKept`.
    func ready(
        for fields: RecordFields?,
        in inventory: Inventory,
        _ options: ChainOptions
    ) async throws -> SinkPromise {
        let wait: Duration? = options.waitsForSink ? nil : .zero
        return try await inventory.retrying(within: wait, passing: [.sinkUnavailable]) { _ in
            try await prepare(for: fields, beside: inventory.store)
            try await inventory.require(options.promise, of: self)
            return try await promise(beside: inventory.store)
        }
    }
}
