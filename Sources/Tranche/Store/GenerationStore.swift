/// A store that keeps the identity of the thing under a source's name, and restarts a run when it
/// is another one.
public protocol GenerationStore: Sendable {
    /// Keeps what a look at the source of a run came to.
    ///
    /// It is kept only while the run's mark is the one that the look was compared with: whoever was
    /// faster knows better.
    ///
    /// - Parameters:
    ///   - standing: What is kept from now on.
    ///   - known: The mark that the run had; `nil` for none.
    ///   - key: The run; that there is none is not an error.
    /// - Throws: ``TrancheError`` of the store.
    func note(_ standing: SourceStanding, insteadOf known: String?, of key: RunKey) async throws

    /// Gives jobs other definitions, of all their runs, all or none.
    ///
    /// - Parameter definitions: The definitions.
    /// - Throws: ``TrancheError`` `.unknownRun` for a job that there is not; nothing was changed
    ///   then.
    func redefine(_ definitions: [JobKey: SourceDefinition]) async throws

    /// Begins a run anew, at the first id, with the same definition, bounds and policy.
    ///
    /// All that it handed out is kept, with gaps and attempts, as a run under another name, which
    /// is paused: `~1` behind the run's name, or the next number that is free. Batches in hand are
    /// ended as ever; what was due of it is no longer offered.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - standing: What stands under the source's name now.
    /// - Returns: What names the run as it was.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func restart(_ key: RunKey, standing: SourceStanding) async throws -> RunKey
}

extension RunKey {
    /// The name under which a run is kept that begins anew.
    ///
    /// - Parameter names: The names of all runs of the job.
    /// - Returns: The first that is free of `NAME~1`, `NAME~2`, ….
    package func nameOfFormer(besides names: Set<String>) -> RunKey {
        var former = self
        var number = 1
        repeat {
            former.run = "\(run)~\(number)"
            number += 1
        } while names.contains(former.run)
        return former
    }

    /// Why a run is paused that is kept as history.
    package static var reasonOfFormer: String {
        "kept as history: the run began anew with 'tranche redefine --restart'"
    }
}
