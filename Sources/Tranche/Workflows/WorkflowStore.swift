/// A store that keeps workflows: the descriptions of runs, each with a generation of its own.
///
/// An acquire that carries the digest of another description than the last one is told
/// ``NoBatchReason/superseded(by:)``, under the same lock under which descriptions are written.
/// Acquires that carry none ask for none.
public protocol WorkflowStore: Sendable {
    /// Keeps a description of a run, in one transaction with the run, where it is not there yet,
    /// and with what limits it.
    ///
    /// The description that the run has last, said again, is not a new generation and changes
    /// nothing. Nothing of the run is handed out.
    ///
    /// - Parameters:
    ///   - request: What an acquire would ask for; its policy is the run's from now on.
    ///   - workflow: The description, and what it changes.
    /// - Returns: The run's last description; `nil` where that is another one than the one that
    ///   `workflow` follows: it is to be read again. Nothing was changed then.
    /// - Throws: ``TrancheError`` `.redefined` for another definition or bounds, `.unknownBudget`;
    ///   nothing was changed then.
    func begin(
        _ request: AcquireRequest,
        _ workflow: WorkflowBeginning
    ) async throws -> WorkflowRecord?

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
