import Tranche

/// Reads a duration such as `90s`, `500ms`, `5m`, `2h` or `1d`; a plain number is in seconds.
///
/// - Parameter text: The text.
/// - Returns: The duration; 0 or more, in whole milliseconds.
/// - Throws: ``ValueError``.
func parseDuration(_ text: String) throws -> Duration {
    let (number, unit) = try splitNumber(text, as: "duration")
    let units: [String: Double] = [
        "": 1000, "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
    guard let factor = units[unit] else {
        throw ValueError("'\(unit)' is no unit of time; use ms, s, m, h or d")
    }
    let milliseconds = number * factor
    // A thousand years: what is longer is a slip, and would not fit everywhere.
    guard milliseconds >= 0, milliseconds < 3.2e13 else {
        throw ValueError("a duration is 0 or more, and below a thousand years")
    }
    return .milliseconds(milliseconds.nearestInteger)
}

extension Duration {
    /// The duration for people, in the two units that matter: `1.2 s`, `3 min 20 s`, `2 h 5 min`.
    var words: String {
        let seconds = self.seconds
        switch seconds {
        case ..<1: return "\((seconds * 1000).nearestInteger) ms"
        case ..<59.95:
            let tenths = (seconds * 10).rounded() / 10
            return tenths == tenths.rounded() ? "\(Int(tenths)) s" : "\(tenths) s"
        default: break
        }
        let whole = seconds.nearestInteger
        let parts = [
            ("d", whole / 86_400), ("h", whole / 3600 % 24), ("min", whole / 60 % 60),
            ("s", whole % 60),
        ]
        guard let first = parts.firstIndex(where: { $0.1 > 0 }) else { return "0 s" }
        return parts[first...].prefix(2).filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
            .joined(separator: " ")
    }
}
