public import FoundationEssentials

/// A store that keeps probes.
///
/// Nothing is handed out under a budget while one of its probes does not let it: the store looks at
/// ``ProbeState/openUntil`` under the lock under which it hands out.
public protocol ProbeStore: Sendable {
    /// Reads probes, by name.
    ///
    /// - Parameter key: The run whose budgets they hold back; `nil` for all probes.
    /// - Returns: The probes, and the inventory's time.
    /// - Throws: `TrancheError` of the store.
    func probes(limiting key: RunKey?) async throws -> (probes: [Probe], now: Date)

    /// Makes a probe, or replaces that of the same name, which is to be asked anew then.
    ///
    /// - Throws: ``TrancheError`` `.unknownBudget`, `.unknownRun`.
    func set(_ probe: Probe, _ note: ChangeNote) async throws

    /// Removes a probe.
    ///
    /// - Throws: ``TrancheError`` `.unknownProbe` where there is none.
    func removeProbe(_ name: String, _ note: ChangeNote) async throws

    /// Replaces what is known of a probe's answers, unless somebody else did meanwhile.
    ///
    /// - Parameters:
    ///   - state: What is known now, with the version of the state that it replaces.
    ///   - name: The probe.
    /// - Returns: Whether it was replaced.
    /// - Throws: `TrancheError` of the store.
    func save(_ state: ProbeState, ofProbe name: String) async throws -> Bool
}
