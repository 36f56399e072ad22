public import Foundation

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
    /// `parked`, `budgets`, `share`, `priority`.
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

/// Which changes are meant.
public enum ChangeSelection: Sendable, Hashable {
    /// All.
    case all
    /// Those of one budget or run.
    case of(Budget.Owner)
    /// Those of the parallelism of a run.
    case parallelism(RunKey)
}
