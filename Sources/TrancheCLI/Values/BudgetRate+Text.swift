import Tranche

/// Reads a rate such as `1GiB/min`, `500/s` or `10k/5m`.
///
/// - Parameter text: The text.
/// - Returns: The rate, whose burst is what it gives in its time.
/// - Throws: ``ValueError``.
func parseRate(_ text: String) throws -> BudgetRate {
    do {
        return try UnitText.rate(text)
    } catch {
        throw ValueError(error.message)
    }
}
