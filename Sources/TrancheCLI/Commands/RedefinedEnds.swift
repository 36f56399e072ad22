import Tranche
import TrancheConnectors

/// The ends that a named run is given: ids, or times of a run that goes by them.
struct RedefinedEnds: Sendable {
    private let arguments: Arguments

    init(_ arguments: Arguments) {
        self.arguments = arguments
    }

    /// Whether none is given.
    var isEmpty: Bool { !arguments.has("from") && !arguments.has("to") }

    /// The times, as fields of the run's source; empty for a run that goes by ids.
    ///
    /// - Throws: ``UsageError`` for ids of a run that goes by times, and the other way round.
    func times(of run: RunRecord) throws -> [String: SpecValue] {
        let isTimed = run.source?.time?.isBounded == true
        var fields: [String: SpecValue] = [:]
        for (option, field) in [("from", "time_from"), ("to", "time_to")] {
            guard let text = arguments.text(option) else { continue }
            guard text.isEmpty || MomentText.isTime(text) == isTimed else {
                let words = isTimed ? "times, such as 2026-01-31" : "ids, as it was begun with ids"
                throw UsageError("--\(option) '\(text)': \(run.key) has \(words)")
            }
            if isTimed { fields[field] = .text(text) }
        }
        return fields
    }

    /// The ids that the run is given; `nil` where they stay.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - source: Its source, with the times.
    ///   - inventory: The inventory.
    /// - Returns: The ids.
    /// - Throws: ``UsageError``, and what the source throws.
    func bounds(
        of run: RunRecord,
        _ source: RedefinedSource,
        in inventory: Inventory
    ) async throws -> IDBounds? {
        if isEmpty { return nil }
        if run.key.run.isEmpty {
            throw UsageError("the run without a name is open-ended: --from and --to go with --run")
        }
        guard try times(of: run).isEmpty else {
            return try await source.timedIDs(of: run, in: inventory)
        }
        func end(_ option: String, _ known: Int64?) throws -> Int64? {
            guard arguments.has(option) else { return known }
            return try arguments.value(option) { $0.isEmpty ? nil : try parseID($0) } ?? nil
        }
        let bounds = IDBounds(
            lower: try end("from", run.bounds.lower),
            upper: try end("to", run.bounds.upper)
        )
        if let lower = bounds.lower, let upper = bounds.upper, lower > upper {
            throw UsageError("--from \(lower) is above --to \(upper)")
        }
        return bounds == run.bounds ? nil : bounds
    }

    /// Refuses bounds below ids that the run has passed, with what hands these out.
    ///
    /// - Parameters:
    ///   - bounds: The bounds that it is given.
    ///   - run: The run.
    ///   - time: The time that it is given with them; `nil` for a run that goes by ids.
    ///   - inventory: The inventory.
    /// - Throws: `TrancheError` `.invalidArgument` that names the option; of the store.
    func require(
        _ bounds: IDBounds,
        of run: RunRecord,
        _ time: SourceTime?,
        in inventory: Inventory
    ) async throws {
        guard run.idsPassedOver(by: bounds) != nil else { return }
        let isDescribed = try await !inventory.workflowRecords(RunSelection(run.key)).isEmpty
        let words = run.refusal(
            ofBounds: bounds,
            time: time,
            instead: try await Self.freeName(beside: run.key, in: inventory),
            isDescribed: isDescribed
        )
        guard let words else { return }
        // Where times do not rise with the ids, a later end may have lower ids, too.
        let option = arguments.has("from") ? "from" : "to"
        let given = arguments.text(option) ?? ""
        throw TrancheError(.invalidArgument, "--\(option) '\(given)': \(words)")
    }

    /// A name that no run of the job has: that of one with a number behind it.
    private static func freeName(
        beside key: RunKey,
        in inventory: Inventory
    ) async throws -> String {
        var other = key
        var number = 2
        while true {
            other.run = "\(key.run)-\(number)"
            if try await inventory.runs(RunSelection(other)).isEmpty { return other.run }
            number += 1
        }
    }
}
