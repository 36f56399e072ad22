import FoundationEssentials
import Synchronization
import Tranche

/// The lowest ids that runs were given: each stays what it is, and is read once.
final class RunBeginnings: Sendable {
    /// A run, and none that was begun anew under its name.
    private struct Beginning {
        let createdAt: Date
        let definition: String?
        let lowest: Int64

        func isOf(_ run: RunRecord) -> Bool {
            createdAt == run.createdAt && definition == run.definition
        }
    }

    private let known = Mutex<[RunKey: Beginning]>([:])

    /// The lowest ids of runs, without those that were given none; others are forgotten.
    func lowest(of runs: [RunRecord], in inventory: Inventory) async throws -> [RunKey: Int64] {
        let before = known.withLock { $0 }
        var found: [RunKey: Beginning] = [:]
        for run in runs {
            if let beginning = before[run.key], beginning.isOf(run) {
                found[run.key] = beginning
            } else if let lowest = try await inventory.lowestID(of: run) {
                found[run.key] = Beginning(
                    createdAt: run.createdAt,
                    definition: run.definition,
                    lowest: lowest
                )
            }
        }
        let all = found
        known.withLock { $0 = all }
        return all.mapValues(\.lowest)
    }
}
