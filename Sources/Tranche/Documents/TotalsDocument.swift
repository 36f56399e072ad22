/// What the batches of a run add up to, by status.
package struct TotalsDocument: Codable, Sendable, Hashable {
    package let running: Totals
    package let succeeded: Totals
    package let failed: Totals
    package let released: Totals
    package let split: Totals
    package let quarantined: Totals
    package let cancelled: Totals
    package let stuck: Totals
    package let begun: Totals

    /// Makes the document of a run's batches.
    package init(_ summary: RunSummary) {
        running = Totals(summary.totals[.running])
        succeeded = Totals(summary.totals[.succeeded])
        failed = Totals(summary.totals[.failed])
        released = Totals(summary.totals[.released])
        split = Totals(summary.totals[.split])
        quarantined = Totals(summary.totals[.quarantined])
        cancelled = Totals(summary.causes[.cancelled])
        stuck = Totals(summary.causes[.stuck])
        begun = Totals(summary.causes[.begun])
    }

    /// What a number of batches add up to.
    package struct Totals: Codable, Sendable, Hashable {
        package let batches: Int
        package let items: Int
        package let weight: Double

        init(_ totals: RunSummary.Totals?) {
            batches = totals?.batches ?? 0
            items = totals?.items ?? 0
            weight = totals?.weight ?? 0
        }
    }
}
