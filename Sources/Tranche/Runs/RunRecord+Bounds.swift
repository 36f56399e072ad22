import FoundationEssentials

extension RunRecord {
    /// Checks that the run can be given other bounds.
    ///
    /// A run only goes on: below the ids that it has passed it looks at nothing but the gaps within
    /// its former bounds, so that a lower end would be a promise that is not kept.
    ///
    /// - Parameters:
    ///   - asked: The bounds.
    ///   - time: The time that it is given with them; `nil` for a run that goes by ids.
    /// - Throws: ``TrancheError`` `.invalidArgument` for a lower end below the present one and
    ///   within what was passed, with the command that hands out those ids.
    package func require(newBounds asked: IDBounds, time: SourceTime? = nil) throws {
        guard let words = refusal(ofBounds: asked, time: time) else { return }
        throw TrancheError(.invalidArgument, words)
    }

    /// Says why the run cannot be given other bounds, and what hands out the ids instead.
    ///
    /// - Parameters:
    ///   - asked: The bounds.
    ///   - time: The time that it is given with them; `nil` for a run that goes by ids.
    ///   - name: What a run of its own is called for these ids: a name that no run of the job has.
    ///   - isDescribed: Whether the run has a workflow, which knows how its batches are worked on.
    /// - Returns: The words; `nil` where it can be given them.
    package func refusal(
        ofBounds asked: IDBounds,
        time: SourceTime? = nil,
        instead name: String = "NAME",
        isDescribed: Bool = false
    ) -> String? {
        guard let passedOver = idsPassedOver(by: asked) else { return nil }
        let time = time.flatMap { $0.isBounded ? $0 : nil }
        let other =
            isDescribed
            ? workflow(for: passedOver, time, named: name)
            : backfill(of: passedOver, time, named: name)
        return "\(key) has passed the ids up to \(cursor ?? .min) and does not go back: it would "
            + "hand out nothing of \(passedOver). Nothing was changed; begin a run of its own for "
            + "these, \(other)"
    }

    /// The command that hands out ids, or the items of times, as a run of its own.
    private func backfill(of ids: IDBounds, _ time: SourceTime?, named name: String) -> String {
        var other = key
        other.run = name
        var options = [other.commandOptions]
        if let time {
            options += Self.options(of: time, besides: source?.time)
        } else {
            if let lower = ids.lower { options.append("--from \(lower)") }
            if let upper = ids.upper { options.append("--to \(upper)") }
        }
        return "such as 'tranche backfill \(options.joined(separator: " ")) -- CMD'"
    }

    /// Where the description is of which another one can be made, and what differs in that.
    private func workflow(for ids: IDBounds, _ time: SourceTime?, named name: String) -> String {
        var ends = "ids \(ids)"
        if let time {
            let (from, to) = Self.ends(of: time, besides: source?.time)
            let part = SourceTime(time.column, zone: time.zone, from: from, to: to)
            ends = "times from \(part.bounds ?? "")"
        }
        return "such as a workflow like the one that 'tranche workflow list \(key.commandOptions) "
            + "--json' has, with the run '\(name)' and the \(ends)"
    }

    /// The ids of other bounds that lie below the present ones, and which the run has passed.
    ///
    /// - Parameter asked: The bounds.
    /// - Returns: The ids; `nil` where the run hands out all that the bounds let it.
    package func idsPassedOver(by asked: IDBounds) -> IDBounds? {
        guard let cursor, let lowest = bounds.lower, asked.lower ?? .min < lowest,
            asked.lower ?? .min <= cursor
        else { return nil }
        return IDBounds(lower: asked.lower, upper: min(lowest - 1, cursor))
    }

    /// Whether the run has passed ids that other bounds leave out; their batches stay.
    ///
    /// - Parameter asked: The bounds.
    /// - Returns: Whether it has.
    package func hasPassed(outside asked: IDBounds) -> Bool {
        guard let cursor else { return false }
        let lowest = bounds.lower ?? .min
        return cursor >= lowest && (asked.lower ?? .min > lowest || asked.upper ?? .max < cursor)
    }

    /// The ends of what one time has beside another.
    private static func ends(
        of time: SourceTime,
        besides known: SourceTime?
    ) -> (from: Date?, to: Date?) {
        time.from != known?.from ? (time.from, known?.from) : (known?.to, time.to)
    }

    /// The options of a run for what one time has beside another.
    private static func options(of time: SourceTime, besides known: SourceTime?) -> [String] {
        let (from, to) = ends(of: time, besides: known)
        var options: [String] = []
        if let from = time.text(from) { options.append("--from \(from)") }
        if let to = time.text(to) { options.append("--to \(to)") }
        options.append("--time-column \(RunKey.quoted(time.column))")
        if let reading = time.reading, reading != .instant {
            options.append("--time-as \(reading.rawValue)")
        }
        if let step = time.step { options.append("--by \(step.rawValue)") }
        if time.zone != "UTC" { options.append("--zone \(RunKey.quoted(time.zone))") }
        return options
    }
}
