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
        guard let passedOver = idsPassedOver(by: asked) else { return }
        var other = key
        other.run = "\(key.run)-2"
        var options = [other.commandOptions]
        if let time, time.isBounded {
            options += Self.options(of: time, besides: source?.time)
        } else {
            if let lower = passedOver.lower { options.append("--from \(lower)") }
            if let upper = passedOver.upper { options.append("--to \(upper)") }
        }
        throw TrancheError(
            .invalidArgument,
            "\(key) has passed the ids up to \(cursor ?? .min) and does not go back: it would hand "
                + "out nothing of \(passedOver). Begin a run of its own for these, such as "
                + "'tranche backfill \(options.joined(separator: " "))'. Nothing was changed"
        )
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

    /// The options of a run for what one time has beside another.
    private static func options(of time: SourceTime, besides known: SourceTime?) -> [String] {
        let isLower = time.from != known?.from
        let (from, to) = isLower ? (time.from, known?.from) : (known?.to, time.to)
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
