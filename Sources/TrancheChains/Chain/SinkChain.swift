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
