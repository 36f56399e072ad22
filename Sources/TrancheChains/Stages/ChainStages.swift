package import Tranche

/// Reading ahead and writing as stages of their own: while some batches are written, others are
/// read.
///
/// Each batch passes both stages by itself, so that a slow one holds up none that could go on.
public struct ChainStages: Sendable, Hashable {
    /// How many batches are read at once; above 0; 1 by default.
    public var readers: Int
    /// How many batches are written at once; above 0; 1 by default.
    public var writers: Int
    /// Most weight of the batches that are in memory, read or being read; `nil` for any.
    ///
    /// A heavier batch is read when no other is in memory.
    public var readAhead: Double?
    /// How reading a batch is tried again within its lease; once, without an argument.
    public var readRetry: StageRetry
    /// How writing a batch is tried again within its lease; once, without an argument.
    public var writeRetry: StageRetry

    /// Makes stages.
    public init(
        readers: Int = 1,
        writers: Int = 1,
        readAhead: Double? = nil,
        readRetry: StageRetry = StageRetry(),
        writeRetry: StageRetry = StageRetry()
    ) {
        self.readers = readers
        self.writers = writers
        self.readAhead = readAhead
        self.readRetry = readRetry
        self.writeRetry = writeRetry
    }

    /// How many batches are held for the stages: those in them, and those that are read or waited
    /// for meanwhile.
    public var slots: Int { readers + writers + max(readers, writers) }

    /// Refuses stages that cannot be.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    public func validate() throws {
        guard (1...300).contains(readers), (1...300).contains(writers) else {
            throw TrancheError(
                .invalidArgument,
                "\(readers) readers and \(writers) writers asked for; give 1 to 300 of each"
            )
        }
        if let readAhead, !(readAhead > 0 && readAhead.isFinite) {
            throw TrancheError(
                .invalidArgument,
                "a weight of \(readAhead.plain) is to be read ahead; give a number above 0"
            )
        }
        for retry in [readRetry, writeRetry] { try retry.validate() }
    }

    /// Refuses to bound by weight what is in memory of a source without weights.
    ///
    /// - Parameter source: How the source is defined.
    /// - Throws: `TrancheError` `.invalidArgument`.
    package func requireFit(_ source: SourceDefinition) throws {
        guard readAhead != nil, source.weight == nil else { return }
        throw TrancheError(
            .invalidArgument,
            "what is read ahead is bounded by weight, and '\(source.table)' has no weights, so "
                + "that "
                + "nothing would be bounded: name a column of weights, or leave the bound out and "
                + "choose a smaller count, or fewer readers and writers"
        )
    }

    /// Refuses to write a batch again within an attempt of a run that is at most once.
    ///
    /// - Parameter execution: The run's.
    /// - Throws: `TrancheError` `.invalidArgument`.
    package func requireFit(_ execution: RunPolicy.Execution) throws {
        guard execution == .atMostOnce, writeRetry.attempts > 1 else { return }
        throw TrancheError(
            .invalidArgument,
            "trying again to write contradicts at most once: leave out the retry of writing"
        )
    }
}
