import Tranche

/// Finds out how the values of a time column are read, and refuses what would be a guess.
struct SQLTimeCheck<Database: SQLDatabase> {
    let time: SourceTime
    let source: SQLSource
    let table: SQLTableName
    let database: Database

    /// Entries that are looked at where values have types of their own.
    private static var looked: Int { 100 }

    /// Checks a column.
    ///
    /// - Parameter column: The column; `nil` where the table has none of that name.
    /// - Returns: The time, with how it is read, and how its type has times.
    /// - Throws: `TrancheError` `.invalidSource`, or the database's error.
    func run(_ column: SQLTable.Column?) async throws -> (time: SourceTime, type: SQLTimeType) {
        do {
            try time.validate()
        } catch let error as TrancheError {
            throw TrancheError(.invalidSource, error.message)
        }
        guard let column else {
            throw invalid("'\(source.name)' has no column '\(time.column)' for the time")
        }
        let type = database.dialect.timeType(of: column.baseType)
        var known = time
        switch type {
        case .none:
            throw invalid(
                "\(self.column) has the type \(column.type), which is not a time: make it a timestamp "
                    + "with time zone, or make a view with such a column"
            )
        case .instant: known.reading = try reading(among: [.instant], column)
        case .clock: known.reading = try clockReading(column)
        case .date:
            guard time.step != .hour else {
                throw invalid("\(self.column) has days alone, and cannot be cut by hour", "by")
            }
            known.reading = try reading(among: [.zone, .utc], column)
        case .number: known.reading = try numberReading(column.type)
        case .any: known.reading = try await readingOfValues()
        }
        return (known, type)
    }

    private var column: String { "the time column '\(time.column)' of '\(source.name)'" }

    private func reading(
        among readings: [SourceTime.Reading],
        _ column: SQLTable.Column
    ) throws -> SourceTime.Reading {
        guard let asked = time.reading else { return readings[0] }
        guard readings.contains(asked) else {
            throw invalid(
                "\(self.column) has the type \(column.type), and cannot be read as "
                    + asked.rawValue,
                "time_as"
            )
        }
        return asked
    }

    /// How what clocks show is read: in UTC, unless another zone counts, where it must be said.
    private func clockReading(_ column: SQLTable.Column) throws -> SourceTime.Reading {
        if time.reading == nil, !isUTC { throw undecided }
        return try reading(among: [.utc, .zone], column)
    }

    private var isUTC: Bool { ["UTC", "Etc/UTC", "GMT", "Etc/GMT"].contains(time.zone) }

    private var undecided: TrancheError {
        invalid(
            "\(column) has times without a zone, which may be what clocks in UTC show, or in "
                + "\(time.zone): say that it is read as utc or as zone (--time-as)",
            "time_as"
        )
    }

    private func numberReading(_ type: String) throws -> SourceTime.Reading {
        guard let asked = time.reading, asked == .seconds || asked == .milliseconds else {
            throw invalid(
                "\(column) has \(type.isEmpty ? "numbers" : "the type \(type)"), which may be "
                    + "seconds or milliseconds since 1970: say that it is read as seconds or as "
                    + "milliseconds (--time-as)",
                "time_as"
            )
        }
        return asked
    }

    // MARK: - Values with types of their own

    /// How the values are read where each has a type: the newest entries are looked at.
    ///
    /// Those that are not as these are refused when they are read.
    private func readingOfValues() async throws -> SourceTime.Reading {
        let rows = try await database.read(
            """
            SELECT \(name: time.column)
            FROM \(table)
            WHERE \(name: time.column) IS NOT NULL
            ORDER BY \(name: source.uid) DESC
            LIMIT \(unsafeRaw: String(Self.looked))
            """
        )[0]
        let values = rows.map { $0.value() }
        let hasNumbers = values.contains { if case .text = $0 { false } else { true } }
        let hasTexts = values.contains { if case .text = $0 { true } else { false } }
        if hasNumbers, hasTexts, time.reading == nil {
            throw invalid(
                "\(column) has both texts and numbers: mend it, or make a view whose column has "
                    + "one of them"
            )
        }
        if hasNumbers, !hasTexts { return try numberReading("") }
        if hasTexts, !hasNumbers { return try textReading(values) }
        return try time.reading ?? textReading(values)
    }

    private func textReading(_ values: [Value]) throws -> SourceTime.Reading {
        switch time.reading {
        case .utc: return .utc
        case .zone: return .zone
        case nil:
            // Those that name their zone say it all.
            var local = time
            local.reading = .zone
            let reader = try TimeReader(local)
            let isClock = values.isEmpty || values.contains { reader.moment(of: $0) != nil }
            if isClock, !isUTC { throw undecided }
            return .utc
        case .instant?, .seconds?, .milliseconds?:
            throw invalid(
                "\(column) has texts, and cannot be read as \(time.reading?.rawValue ?? "")",
                "time_as"
            )
        }
    }

    private func invalid(_ message: String, _ field: String = "time_column") -> TrancheError {
        TrancheError(.invalidSource, message, field: [field])
    }
}
