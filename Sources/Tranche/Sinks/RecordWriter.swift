/// Writes the records of one attempt of a batch; belongs to one task.
public protocol RecordWriter {
    /// Writes records, in the batch's order.
    ///
    /// - Parameter records: The next records; at least one.
    /// - Throws: ``RecordsRefused`` for records that the sink does not take, where it cannot go on
    ///   with the others: these are then written without them. Or the sink's failure.
    func write(_ records: [Record]) async throws

    /// Tells which records were not taken, while all others were; asked after each ``write(_:)``,
    /// and after ``finish()``.
    ///
    /// - Returns: Those that were refused since it was last asked; none by default.
    func takeRefused() -> [RefusedRecord]

    /// Makes what was written last.
    ///
    /// - Returns: What was done, to be added up across batches.
    /// - Throws: As ``write(_:)``.
    func finish() async throws -> Counters

    /// Gives up what was written, as far as that is possible; called instead of ``finish()``.
    func abandon() async
}

extension RecordWriter {
    /// Nothing was refused.
    public func takeRefused() -> [RefusedRecord] { [] }
}
