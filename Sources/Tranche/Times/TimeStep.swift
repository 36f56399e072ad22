/// At whose borders batches are cut, by the clocks of a time zone.
public enum TimeStep: String, Sendable, Hashable, Codable, CaseIterable {
    /// Full hours as clocks show them. Where clocks are put forward or back, an hour ends as well:
    /// an hour that clocks show twice is two.
    case hour
    /// Days of 23, 24 or 25 hours, from midnight, or the first moment of a day without one.
    case day
    /// Months of the calendar, from the first moment of the first day.
    case month
}
