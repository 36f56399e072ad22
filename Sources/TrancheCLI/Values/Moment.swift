import FoundationEssentials
import Tranche

/// A point in time as people say it: some time ago, or a date.
enum Moment: Sendable, Hashable {
    case ago(Duration)
    case at(Date)

    /// The point in time.
    ///
    /// - Parameter now: The present.
    /// - Returns: The date.
    func date(now: Date) -> Date {
        switch self {
        case .ago(let time): now.addingTimeInterval(-time.seconds)
        case .at(let date): date
        }
    }
}

/// Reads a point in time such as `2h`, which is two hours ago, `2026-11-28` or
/// `2026-11-28T08:30:00+01:00`; without a zone it is UTC.
///
/// - Parameter text: The text.
/// - Returns: The point in time.
/// - Throws: ``ValueError``.
func parseMoment(_ text: String) throws -> Moment {
    let words = "times look like 2h (ago), 2026-11-28 or 2026-11-28T08:30:00+01:00"
    guard text.contains("-") else {
        do {
            return .ago(try parseDuration(text))
        } catch is ValueError {
            throw ValueError(words)
        }
    }
    var text = text
    guard let time = text.withUTF8({ TimeText($0) }) else { throw ValueError(words) }
    return .at(Date(milliseconds: time.instant / 1000))
}
