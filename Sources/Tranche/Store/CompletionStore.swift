/// A store that offers succeeded batches as a source for other jobs.
public protocol CompletionStore: Sendable {
    /// The identity of the inventory's database, as the database reports it.
    func identity() async throws -> String

    /// Numbers the batches of a job that succeeded since the last call, over all its runs.
    ///
    /// A number is given only to a batch whose success is committed; numbers become visible in
    /// order.
    ///
    /// - Parameter job: The upstream job.
    /// - Returns: The highest number; `nil` when nothing has succeeded yet.
    /// - Throws: ``TrancheError`` of the store.
    func numberCompletions(of job: JobKey) async throws -> Int64?
}
