import Tranche

/// Reads a duration such as `90s`, `500ms`, `5m`, `2h` or `1d`; a plain number is in seconds.
///
/// - Parameter text: The text.
/// - Returns: The duration; 0 or more, in whole milliseconds.
/// - Throws: ``ValueError``.
func parseDuration(_ text: String) throws -> Duration {
    do {
        return try UnitText.duration(text)
    } catch {
        throw ValueError(error.message)
    }
}
