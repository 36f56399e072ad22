import Tranche

extension BatchEnd {
    /// The status that programs read.
    var status: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed, .failedForGood: "failed"
        case .split: "split"
        case .quarantined: "quarantined"
        case .released: "released"
        case .deferred: "deferred"
        case .lost: "lost"
        case .cancelled: "cancelled"
        }
    }

    /// The end for people.
    var words: String {
        if case .failedForGood = self { "failed for good" } else { status }
    }

    /// How it is painted; `nil` for what is as it should be.
    var colour: Colour? {
        switch self {
        case .succeeded: nil
        case .released, .deferred, .lost, .cancelled: .yellow
        case .failed, .failedForGood, .split, .quarantined: .red
        }
    }

    /// What came of it, as JSON.
    var result: String? {
        if case .succeeded(let success) = self { success.result } else { nil }
    }

    /// What is to be said of a result.
    var note: String? {
        if case .succeeded(let success) = self { success.note } else { nil }
    }

    /// What went wrong.
    var error: String? {
        switch self {
        case .lost(let message), .cancelled(let message), .deferred(_, let message): message
        default: failure?.message
        }
    }
}
