public import FoundationEssentials

/// The author of a change, and the reason.
public struct ChangeNote: Sendable, Hashable {
    /// The author, such as a person's or a worker's name.
    public var by: String?
    /// The reason.
    public var reason: String?

    /// Makes a note.
    public init(by: String? = nil, reason: String? = nil) {
        self.by = by
        self.reason = reason
    }
}

/// A change of a budget or a run, as it is kept.
public struct ChangeRecord: Sendable, Hashable {
    /// Its number; later changes have higher ones.
    public var id: Int64
    /// The run or budget that was changed.
    public var owner: Budget.Owner
    /// The property that was changed, such as `parallelism`, `per key`, `limits`, `pause`,
    /// `parked`, `budgets`, `share`, `priority`; or what was done with batches: `retry`, `offer`,
    /// `split`, `redrive`, `release`.
    public var what: String
    /// When, by the inventory's clock.
    public var at: Date
    /// The author of the change, and the reason.
    public var note: ChangeNote
    /// The value before; `nil` for nothing.
    public var old: String?
    /// The value after; `nil` for nothing.
    public var new: String?

    /// Makes a record.
    public init(
        id: Int64,
        owner: Budget.Owner,
        what: String,
        at: Date,
        note: ChangeNote,
        old: String?,
        new: String?
    ) {
        self.id = id
        self.owner = owner
        self.what = what
        self.at = at
        self.note = note
        self.old = old
        self.new = new
    }
}

extension ChangeRecord {
    /// The most characters of the numbers of batches that are kept.
    private static let mostNumbers = 2000

    /// What is kept of batches, such as `batch 5` or `3 batches: 5,7-8`.
    package static func words(ofBatches ids: some Collection<Int64>) -> String {
        let runs = IDRuns(ids)
        guard runs.count != 1 else { return "batch \(runs.packed)" }
        let numbers = runs.packed
        guard numbers.count > mostNumbers else { return "\(runs.count) batches: \(numbers)" }
        // Cut behind a number.
        let cut = numbers.prefix(mostNumbers)
        let whole = cut.lastIndex(of: ",").map { cut[..<$0] } ?? cut
        return "\(runs.count) batches: \(whole),…"
    }
}

/// Which changes are meant.
public enum ChangeSelection: Sendable, Hashable {
    /// All.
    case all
    /// Those of one budget or run.
    case of(Budget.Owner)
    /// Those of the parallelism of a run.
    case parallelism(RunKey)
}
