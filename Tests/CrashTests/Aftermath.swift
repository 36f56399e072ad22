import Foundation
import Tranche
import TrancheSQL

/// What is left of a run when all is over, and what is wrong with it.
///
/// Everything is read from the database as it is, by none of the statements that made it.
struct Aftermath: Sendable {
    private let scene: CrashScene
    private let run: RunRecord
    private let gaps: [Gap]
    private let batches: [BatchRecord]
    private let outcomes: [Int64: [AttemptOutcome]]
    private let weights: [Int64: Double]
    private let traces: [CrashScene.Trace]
    private let fileFaults: [String]

    private struct AttemptOutcome {
        var attempt: Int
        var outcome: String
    }

    init(of scene: CrashScene) async throws {
        self.scene = scene
        (run, gaps, batches) = try await scene.withInventory { inventory in
            let run = try await inventory.run(RunSelection(job: scene.job))
            return (
                run, try await inventory.gaps(of: run.key),
                try await inventory.batches(BatchSelection(runs: RunSelection(run.key)))
                    .sorted { $0.id < $1.id }
            )
        }
        var outcomes: [Int64: [AttemptOutcome]] = [:]
        let attempts: SQLStatement = """
            SELECT batch_id, attempt, outcome FROM \(scene.name("inventory_attempt"))
            ORDER BY batch_id, attempt
            """
        _ = try await scene.database.read(attempts)[0].map { row in
            let batch = try row.integer()
            let ended = AttemptOutcome(attempt: Int(try row.integer()), outcome: try row.text())
            outcomes[batch, default: []].append(ended)
        }
        self.outcomes = outcomes
        var weights: [Int64: Double] = [:]
        _ = try await scene.database.read("SELECT uid, weight FROM \(scene.name("item"))")[0]
            .map { row in weights[try row.integer()] = Double(try row.integer()) }
        self.weights = weights
        traces = try await scene.traces()
        fileFaults = try await scene.fileFaults()
    }

    /// How many attempts ended since their lease did.
    var expired: Int {
        outcomes.values.joined().count { $0.outcome == "expired" }
    }

    /// How many attempts there were.
    var attempts: Int { batches.reduce(0) { $0 + $1.attempt } }

    /// How many batches there are.
    var count: Int { batches.count }

    /// What is wrong, in words; empty when nothing is.
    var faults: [String] {
        itemFaults + tileFaults + batches.flatMap(historyFaults) + traceFaults + fileFaults
    }

    // MARK: Items

    private var succeeded: [BatchRecord] { batches.filter { $0.status == .succeeded } }

    private var itemFaults: [String] {
        var faults: [String] = []
        var seen: Set<Int64> = []
        for batch in succeeded {
            guard let ids = batch.ids else {
                faults.append("batch \(batch.id) does not know its ids")
                continue
            }
            let weight = ids.ids.reduce(0) { $0 + (weights[$1] ?? .nan) }
            if batch.count != ids.count || batch.weight != weight {
                faults.append(
                    "batch \(batch.id) has \(batch.count) items of \(batch.weight ?? .nan), but its "
                        + "ids are \(ids.packed), which weigh \(weight)"
                )
            }
            for id in ids.ids where !seen.insert(id).inserted {
                faults.append("item \(id) succeeded twice")
            }
        }
        let lost = Set(weights.keys).subtracting(seen).sorted()
        if !lost.isEmpty { faults.append("items are lost: \(lost.prefix(20))") }
        let invented = seen.subtracting(weights.keys).sorted()
        if !invented.isEmpty { faults.append("items were made up: \(invented.prefix(20))") }
        return faults
    }

    // MARK: Tiles

    private var tileFaults: [String] {
        var faults: [String] = []
        var end: Int64?
        for tile in batches.filter(\.isTile).sorted(by: { $0.idEnd < $1.idEnd }) {
            if tile.coverStart != end {
                faults.append(
                    "tile \(tile.id) begins after \(tile.coverStart.map { "\($0)" } ?? "nothing"), "
                        + "not after \(end.map { "\($0)" } ?? "nothing")"
                )
            }
            end = tile.idEnd
        }
        if run.tileEnd != end {
            faults.append("the last tile ends at \(end ?? 0), not where it says")
        }
        // Nothing was taken away from the source, so that the run ends at its last item.
        let last = weights.keys.max()
        if run.cursor != last {
            faults.append("the cursor is \(run.cursor ?? 0), the last item \(last ?? 0)")
        }
        let open = gaps.filter { $0.isOpen || $0.isRedo }
        if !open.isEmpty { faults.append("gaps are open: \(open.map(\.range))") }
        return faults
    }

    // MARK: Attempts

    private func historyFaults(of batch: BatchRecord) -> [String] {
        var faults: [String] = []
        let name = "batch \(batch.id) (\(batch.kind.rawValue), attempt \(batch.attempt))"
        if batch.status != .succeeded && batch.status != .split {
            faults.append("\(name) is left \(batch.status.rawValue)")
        }
        if batch.leaseExpiresAt != nil || batch.retryAt != nil {
            faults.append("\(name) is held or due, though it is over")
        }
        let history = outcomes[batch.id] ?? []
        let text = history.map { "\($0.attempt) \($0.outcome)" }.joined(separator: ", ")
        if history.map(\.attempt) != Array(1...batch.attempt) {
            faults.append("\(name) has the history \(text)")
        }
        if history.last?.outcome != (batch.status == .split ? "failed" : batch.status.rawValue) {
            faults.append("\(name) is \(batch.status.rawValue) with the history \(text)")
        }
        let failures = history.count { ["expired", "failed"].contains($0.outcome) }
        if failures != batch.failures {
            faults.append("\(name) counts \(batch.failures) failures with the history \(text)")
        }
        return faults
    }

    // MARK: Traces

    private var traceFaults: [String] {
        var faults: [String] = []
        if Set(traces).count != traces.count { faults.append("an attempt has left a trace twice") }
        var done: Set<CrashScene.Trace> = []
        var holders: [Int64: BatchRecord] = [:]
        for batch in succeeded {
            for id in batch.ids?.ids.map({ $0 }) ?? [] {
                holders[id] = batch
                for copy in 0..<scene.copies {
                    done.insert(
                        .init(item: id, batch: batch.id, attempt: batch.attempt, copy: copy)
                    )
                }
            }
        }
        let missing = done.subtracting(traces)
        if !missing.isEmpty {
            faults.append("succeeded without a trace: \(text(missing))")
        }
        let others = Set(traces).subtracting(done)
        let strange = others.filter { trace in
            holders[trace.item].map { $0.id != trace.batch || $0.attempt < trace.attempt } ?? true
        }
        if !strange.isEmpty { faults.append("nobody's traces: \(text(strange))") }
        if scene.sink == .transactional, !others.isEmpty {
            faults.append("done more than once: \(text(others))")
        }
        return faults
    }

    private func text(_ traces: Set<CrashScene.Trace>) -> String {
        let texts = traces.sorted { $0.item < $1.item }.prefix(5).map {
            "item \($0.item) by attempt \($0.attempt) of batch \($0.batch)"
        }
        return texts.joined(separator: ", ") + (traces.count > 5 ? ", …" : "")
    }
}

extension CrashScene {
    /// What SQLite finds wrong with its file; empty when nothing is, and on PostgreSQL.
    func fileFaults() async throws -> [String] {
        guard isFile else { return [] }
        let answers =
            try await read("PRAGMA integrity_check") + (try await read("PRAGMA foreign_key_check"))
        return answers.filter { $0 != "ok" }
    }
}
