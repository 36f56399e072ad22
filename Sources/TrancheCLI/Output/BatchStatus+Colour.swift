import Tranche

extension BatchStatus {
    /// The colour in which people see it.
    var colour: Colour {
        switch self {
        case .succeeded: .green
        case .failed, .quarantined: .red
        case .running: .blue
        case .released, .split: .yellow
        }
    }
}
