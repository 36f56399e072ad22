import Tranche

extension StatusCheck {
    static let options: [CommandDescription.Option] = [
        .init(
            "check",
            nil,
            "exit with 1 where a run is held or stuck, has failed batches, or is beyond what follows, and "
                + "say which"
        ),
        .init("max-age", "TIME", "with --check: how long the oldest item may wait, such as 1h"),
        .init("max-backlog", "N", "with --check: how many items of a run may wait"),
        .init(
            "max-failed",
            "N",
            "with --check: how many batches of a run may have failed for good or be quarantined; 0 by "
                + "default"
        ),
    ]

    /// Reads the options.
    ///
    /// - Returns: `nil` without `--check`.
    /// - Throws: ``UsageError``.
    init?(_ arguments: Arguments) throws {
        guard arguments.has("check") else {
            for option in ["max-age", "max-backlog", "max-failed"] where arguments.has(option) {
                throw UsageError("--\(option) goes with --check")
            }
            return nil
        }
        self.init(
            mostAge: try arguments.value("max-age", parseDuration),
            mostBacklog: try arguments.value("max-backlog") { try parseCount($0, from: 0) },
            mostFailed: try arguments.value("max-failed") { try parseCount($0, from: 0) } ?? 0
        )
    }
}
