package import Tranche
import TrancheConnectors

extension SinkChain {
    /// Writes the records of one batch, which somebody else has acquired, and says how that ended.
    ///
    /// A sink in the inventory's own database takes part in the transaction of the success, which
    /// is recorded then; any other promises what it does beside ``run(through:_:)``. What is kept
    /// apart for a run is not put together: give sinks and files of rejects that keep a file for
    /// each batch. The sink is closed in the end.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - supply: Its records.
    ///   - options: The promise, the limit of rejects, the policy of the batch's run, and who is
    ///     told; whatever else it says means nothing.
    ///   - progress: Receives progress.
    /// - Returns: The verdict; a success in the inventory's own database is recorded already.
    /// - Throws: `TrancheError` of a batch that is lost.
    package func write(
        _ batch: Batch,
        from supply: any RecordSupply,
        _ options: ChainOptions,
        _ progress: BatchProgress
    ) async throws -> BatchVerdict {
        let verdict: BatchVerdict
        do {
            let run = try await ChainRun(self, of: batch, supply, options)
            verdict = try await run.process(batch, progress)
        } catch let error as TrancheError where error.isLoss {
            await sink.close()
            throw error
        } catch {
            await sink.close()
            if Task.isCancelled { return .released() }
            return .failed(BatchFailure(options.isOfFile ? FieldWords.error(error) : error))
        }
        await sink.close()
        return verdict
    }
}
