public import FoundationEssentials

/// The cancellation of a run.
public struct RunCancellation: Sendable, Hashable {
    /// When, by the inventory's clock.
    public var at: Date
    /// The author of the cancellation, and the reason.
    public var note: ChangeNote

    /// Makes a cancellation.
    public init(at: Date, note: ChangeNote) {
        self.at = at
        self.note = note
    }
}

extension ChangeNote {
    /// What stands as the error of an attempt that was cancelled, such as `cancelled by anna: wrong
    /// file`.
    package var cancelWords: String {
        let who = by.map { " by \($0)" } ?? ""
        return "cancelled\(who)" + (reason.map { $0.isEmpty ? "" : ": \($0)" } ?? "")
    }
}
