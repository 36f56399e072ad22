import FoundationEssentials
import Tranche

/// An event that is to be told; it is made JSON where it is written or sent, so that one that is
/// dropped costs little.
struct LineageEvent: Sendable {
    let type: LineageEventType
    let attempt: LineageRun.Attempt
    /// When it happened.
    let at: Date
    /// What went wrong.
    var error: String?
    /// What a success left, as JSON.
    var result: String?

    /// Whether it is the beginning of an attempt.
    var isStart: Bool { type == .start }

    /// Appends the event as JSON.
    func append(to bytes: inout [UInt8]) {
        attempt.run.append(self, to: &bytes)
    }
}
