public import Tranche

/// A sink that can write into the transaction in which a batch's success is recorded.
public protocol TransactionalRecordSink: RecordSink {
    /// Makes the writer of a batch within a transaction; used where the promise is transactional.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - transaction: The transaction.
    /// - Returns: Its writer; finishing it commits nothing.
    /// - Throws: The sink's failure.
    func writer(
        for batch: BatchRecord,
        in transaction: SQLTransaction
    ) throws -> any RecordWriter
}
