import Tranche
import TrancheConnectors

/// Whether the command line names a run that somebody can mean.
extension JobOptions {
    /// Refuses ends that are years where a job goes by times, and a run without bounds or a filter
    /// of a job that has begun and has no run of this name: it would do all items again.
    ///
    /// - Parameter inventory: The inventory.
    /// - Throws: ``UsageError`` with what may have been meant; `TrancheError` of the store.
    func requireMeantRun(in inventory: Inventory) async throws {
        try requireNoDates()
        try await requireKnownRun(in: inventory)
    }

    private func requireKnownRun(in inventory: Inventory) async throws {
        guard !request.run.isEmpty, record?.key.run != request.run, request.ids.isOpen,
            request.rootIDs.isOpen, !isBoundedByTime, !arguments.has("where")
        else { return }
        let key = try await key(in: inventory)
        let runs = try await inventory.runs(RunSelection(job: request.job))
            .filter { $0.key.metaTable == key.metaTable }
        let isUpstream = key.metaTable.hasPrefix("inventory:")
        try key.requireMeant(
            among: runs,
            forNew: "give --from, --to or both, as ids or times"
                + (isUpstream ? ", or --root-ids" : "")
        )
    }

    /// Refuses ids that look like dates where the job goes by times.
    private func requireNoDates() throws {
        let goesByTimes =
            source.spec?.fields["time_column"] != nil || record?.source?.time != nil
        // A run that has begun is known by its ids.
        guard goesByTimes, record?.key.run != request.run, let end = givenEnds.first,
            givenEnds.allSatisfy({ Self.isDate($0.text) })
        else { return }
        let date = "\(end.text.prefix(4))-\(Self.part(end.text, 4))-\(Self.part(end.text, 6))"
        throw UsageError(
            "--\(end.option) '\(end.text)': job '\(request.job)' goes by times; write a time such "
                + "as \(date), or an id with a zero before it, such as 0\(end.text)"
        )
    }

    /// Whether a number may be a year, such as 2026, or a day, such as 20260131.
    private static func isDate(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            text.count == 4 || text.count == 8, let year = Int(text.prefix(4)),
            let month = Int(part(text, 4)), let day = Int(part(text, 6))
        else { return false }
        return (1900...2199).contains(year) && (1...12).contains(month) && (1...31).contains(day)
    }

    /// Two digits of a day; those of the first where there are none.
    private static func part(_ text: String, _ place: Int) -> String {
        let digits = text.dropFirst(place).prefix(2)
        return digits.isEmpty ? "01" : String(digits)
    }
}

extension RunKey {
    /// Refuses a run that nobody can mean: one of a job that has begun and has none of this name.
    ///
    /// - Parameters:
    ///   - runs: The job's runs over the sources that are meant.
    ///   - words: What to do for a new run.
    /// - Throws: ``UsageError`` with what may have been meant.
    func requireMeant(among runs: [RunRecord], forNew words: String) throws {
        // A job that has not begun has no run yet that could have been meant.
        guard !runs.isEmpty, !runs.contains(where: { $0.key.run == run }) else { return }
        let names = Set(runs.filter { !$0.isFormer && $0.key.run != "" }.map(\.key.run))
        let nearest = NearestName(names.sorted()).to(run)
        let hint =
            nearest.map { "did you mean --run \(Self.quoted($0))?" }
            ?? "'tranche status --job \(Self.quoted(job))' lists the runs that there are."
        throw UsageError("there is no \(self); \(hint) For a new run \(words)")
    }
}
