import Tranche

extension BatchEnd {
    /// The status that programs read.
    var status: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed, .failedForGood: "failed"
        case .split, .succeededInPart: "split"
        case .quarantined: "quarantined"
        case .released: "released"
        case .deferred: "deferred"
        case .lost: "lost"
        case .cancelled: "cancelled"
        }
    }

    /// The end for people.
    var words: String {
        switch self {
        case .failedForGood: "failed for good"
        case .succeededInPart: "succeeded in part"
        default: status
        }
    }

    /// How it is painted; `nil` for what is as it should be.
    var colour: Colour? {
        switch self {
        case .succeeded: nil
        case .succeededInPart, .released, .deferred, .lost, .cancelled: .yellow
        case .failed, .failedForGood, .split, .quarantined: .red
        }
    }

    /// The result, as JSON.
    var result: String? {
        switch self {
        case .succeeded(let success), .succeededInPart(let success, _): success.result
        default: nil
        }
    }

    /// What is to be said of a result.
    var note: String? {
        if case .succeeded(let success) = self { success.note } else { nil }
    }

    /// The items that are quarantined by it, one each.
    var bad: [BatchPart] {
        switch self {
        case .succeededInPart(let success, _): success.bad
        case .split(let failure): failure.parts.filter(\.isBad)
        default: []
        }
    }

    /// The error.
    var error: String? {
        switch self {
        case .lost(let message), .cancelled(let message), .deferred(_, let message): message
        case .succeededInPart(_, let failure): failure.message
        default: failure?.message
        }
    }
}
