import Foundation
import Tranche

extension MemoryTables {
    func probes(limiting key: RunKey?, now: Date) -> [Probe] {
        let owners = Set(budgets(of: key, now: now).map(\.owner))
        return probes.values.filter { owners.contains($0.owner) }.sorted { $0.name < $1.name }
    }

    /// Until when all probes of a budget let go on; `nil` without any.
    func openUntil(of owner: Budget.Owner) -> Date? {
        let own = probes.values.filter { $0.owner == owner }
        return own.map { $0.state.openUntil ?? Date(timeIntervalSince1970: 0) }.min()
    }

    mutating func set(_ probe: Probe, _ note: ChangeNote, now: Date) throws {
        if !budgets.contains(where: { $0.owner == probe.owner }) {
            switch probe.owner {
            case .name(let name): throw unknownBudget(name)
            case .run(let key):
                guard run(key) != nil else {
                    throw TrancheError(.unknownRun, "there is no \(key)")
                }
                budgets.append(Budget(probe.owner, limits: BudgetLimits()))
                try limitRuns(now: now)
            }
        }
        let old = probes[probe.name]
        var probe = probe
        probe.state = ProbeState()
        probe.state.version = old.map { $0.state.version + 1 } ?? 0
        probes[probe.name] = probe
        if let old, old.owner != probe.owner {
            removeOwnBudget(old.owner)
            try limitRuns(now: now)
        }
        add(
            probe.owner,
            "probe \(probe.name)",
            from: try old.map { try JSONText.encode($0.question) },
            to: try JSONText.encode(probe.question),
            note,
            now: now
        )
    }

    mutating func removeProbe(_ name: String, _ note: ChangeNote, now: Date) throws {
        guard let probe = probes.removeValue(forKey: name) else {
            throw TrancheError(.unknownProbe, "there is no probe '\(name)'")
        }
        removeOwnBudget(probe.owner)
        try limitRuns(now: now)
        let question = try JSONText.encode(probe.question)
        add(probe.owner, "probe \(name)", from: question, to: nil, note, now: now)
    }

    /// Removes a run's own budget where it limits nothing, and no probe holds it back.
    mutating func removeOwnBudget(_ owner: Budget.Owner) {
        guard owner.run != nil, openUntil(of: owner) == nil else { return }
        let isUnused = budgets.contains { $0.owner == owner && $0.limits == BudgetLimits() }
        guard isUnused else { return }
        budgets.removeAll { $0.owner == owner }
        entries.removeAll { $0.owner == owner }
    }

    mutating func save(_ state: ProbeState, ofProbe name: String) -> Bool {
        guard probes[name]?.state.version == state.version else { return false }
        probes[name]?.state = state
        probes[name]?.state.version += 1
        return true
    }
}
