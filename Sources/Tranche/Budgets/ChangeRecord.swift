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
    /// `split`, `redrive`, `release`, `cancelled`.
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

extension ChangeRecord {
    /// What is done with batches, or with all of a run at once, by its name in ``what``.
    package static let acts = [
        "retry", "offer", "split", "redrive", "release", "cancelled", "pause",
    ]

    /// Whether it was done with a batch, alone, with others, or with its whole run while it was
    /// open.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - start: When it was first handed out, or made.
    /// - Returns: Whether it was.
    package func concerns(_ batch: BatchRecord, from start: Date) -> Bool {
        guard owner.run == batch.key, Self.acts.contains(what) else { return false }
        if let words = new ?? old, let named = Self.batches(in: words) {
            if named.ids.contains(batch.id) { return true }
            // The rest of their numbers was cut off.
            return named.isCut && batch.id > named.ids.last ?? .max
        }
        let end = batch.isFinal ? batch.endedAt : nil
        return at >= start && end.map { at <= $0 } ?? true
    }

    /// The batches that ``words(ofBatches:)`` names; `nil` for other words.
    private static func batches(in words: String) -> (ids: IDRuns, isCut: Bool)? {
        guard let space = words.lastIndex(of: " ") else { return nil }
        let head = words[..<space]
        guard head == "batch" || head.hasSuffix(" batches:") else { return nil }
        let numbers = words[words.index(after: space)...]
        let isCut = numbers.hasSuffix(",…")
        let whole = isCut ? numbers.dropLast(2) : numbers
        return IDRuns(packed: String(whole)).map { ($0, isCut) }
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
    /// What was done with batches of a run, or with all of it: retried, offered, split, redriven,
    /// released, cancelled, paused.
    case acts(RunKey)
}
