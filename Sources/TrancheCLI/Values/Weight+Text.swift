import Tranche

/// Reads a weight such as `64MiB`, `1.5GB`, `10k` or `250`.
///
/// - Parameter text: The text.
/// - Returns: The weight; above 0 and finite.
/// - Throws: ``ValueError``.
func parseWeight(_ text: String) throws -> Double {
    do {
        return try UnitText.weight(text)
    } catch {
        throw ValueError(error.message)
    }
}
