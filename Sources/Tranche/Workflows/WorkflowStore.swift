/// What a store keeps of workflows: the descriptions of runs, each with a generation of its own.
///
/// An acquire that carries the digest of another description than the last one is told
/// ``NoBatchReason/superseded(by:)``, under the same lock under which descriptions are written.
/// Acquires that carry none ask for none.
public protocol WorkflowStore: Sendable {
    /// Makes a run without handing out anything of it; where it is there, it must be the same.
    ///
    /// - Parameter request: What an acquire would ask for.
    /// - Throws: ``TrancheError`` `.redefined` for another definition or bounds.
    func begin(_ request: AcquireRequest) async throws

    /// Keeps a description of a run; the one that it has last, said again, is no new generation.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - digest: What tells it from others.
    ///   - text: The description, as JSON.
    ///   - policy: The run's policy from now on.
    ///   - worker: Who begins it.
    /// - Returns: The run's last description.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func describe(
        _ key: RunKey,
        digest: String,
        text: String,
        policy: RunPolicy,
        by worker: String?
    ) async throws -> WorkflowRecord

    /// Reads the last description of each run that has one, in order of source, job and name.
    ///
    /// - Parameters:
    ///   - selection: Which runs.
    ///   - mark: The run after which the page begins; `nil` from the first.
    ///   - limit: Most descriptions; above 0.
    /// - Returns: The descriptions.
    /// - Throws: ``TrancheError`` of the store.
    func workflows(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [WorkflowRecord]
}
