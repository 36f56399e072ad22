/// A sink that can say, while a batch is written, why nothing happens.
package protocol TellingSink: RecordSink {
    /// Lends a writer, as ``RecordSink/withWriter(for:_:)`` does.
    ///
    /// - Parameters:
    ///   - batch: The batch, with its attempt.
    ///   - tell: Told what is waited for, in a sentence without secrets.
    ///   - body: Writes, and finishes or abandons the writer.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or the sink's failure.
    func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        telling tell: @escaping @Sendable (String) -> Void,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result
}

extension RecordSink {
    /// Lends a writer; a sink that can say why nothing happens does.
    ///
    /// - Parameters:
    ///   - batch: The batch, with its attempt.
    ///   - tell: Told what is waited for; `nil` where nobody listens.
    ///   - body: Writes, and finishes or abandons the writer.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or the sink's failure.
    package func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        telling tell: (@Sendable (String) -> Void)?,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        guard let tell, let telling = self as? any TellingSink else {
            return try await withWriter(for: batch, body)
        }
        return try await telling.withWriter(for: batch, telling: tell, body)
    }
}
