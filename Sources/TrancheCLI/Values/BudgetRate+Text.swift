import Tranche

/// Reads a rate such as `1GiB/min`, `500/s` or `10k/5m`.
///
/// - Parameter text: The text.
/// - Returns: The rate, whose burst is what it gives in its time.
/// - Throws: ``ValueError``.
func parseRate(_ text: String) throws -> BudgetRate {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
        throw ValueError("a rate is a weight and a time, such as 1GiB/min or 500/s")
    }
    let weight = try parseWeight(String(parts[0]))
    let unit = String(parts[1])
    let time = try parseDuration(unit.first?.isNumber ?? false ? unit : "1\(unit)")
    guard time > .zero else { throw ValueError("the time of a rate is above 0") }
    return BudgetRate(weight, per: time)
}
