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

extension BudgetRate {
    /// The rate for people: `500/min` rather than `8.333333333333334/s`.
    var words: String {
        if (perSecond * 1000).rounded() / 1000 == perSecond { return "\(perSecond.plain)/s" }
        for (unit, seconds) in [("min", 60.0), ("h", 3600), ("d", 86_400)] {
            let weight = perSecond * seconds
            let whole = weight.rounded()
            // What was divided is not quite the same when it is multiplied again.
            if whole >= 1, (weight - whole).magnitude <= whole * 1e-12 {
                return "\(whole.plain)/\(unit)"
            }
        }
        return "\(perSecond.plain)/s"
    }
}
