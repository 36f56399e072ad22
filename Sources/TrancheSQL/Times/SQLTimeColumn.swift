import FoundationEssentials
import Tranche

/// The column of times of a table, in SQL and read from rows.
struct SQLTimeColumn: Sendable {
    let reader: TimeReader
    private let type: SQLTimeType
    private let dialect: any SQLDialect

    /// Makes it.
    ///
    /// - Parameters:
    ///   - time: The column; how it is read must be known.
    ///   - type: How its type has times.
    ///   - dialect: The database's dialect.
    /// - Throws: `TrancheError` `.invalidArgument` for a zone that is not known.
    init(_ time: SourceTime, _ type: SQLTimeType, _ dialect: any SQLDialect) throws {
        reader = try TimeReader(time)
        self.type = type
        self.dialect = dialect
    }

    private var time: SourceTime { reader.time }
    private var column: SQLStatement { "\(name: time.column)" }
    private var reading: SourceTime.Reading { time.reading ?? .utc }

    // MARK: - Values

    /// The value that ``moment(of:)`` reads.
    var value: SQLStatement {
        switch type {
        case .instant, .clock, .date:
            """
            CASE
                WHEN isfinite(\(column))
                THEN CAST(floor(date_part('epoch', \(column)) * 1000) AS bigint)
            END
            """
        case .number(let isWhole) where !isWhole: dialect.double(column, ofType: "numeric")
        default: column
        }
    }

    /// The moment that a value means; `nil` for what is none.
    func moment(of value: Value) -> Date? {
        switch type {
        case .instant, .clock, .date: reader.moment(typed: value.integer)
        default: reader.moment(of: value)
        }
    }

    /// What is wrong with a value that is no moment: what follows "has".
    func fault(of value: Value) -> String {
        switch type {
        case .instant, .clock, .date:
            value == .null
                ? "NULL or an infinite time in the time column '\(time.column)'"
                : reader.fault(of: value)
        default: reader.fault(of: value)
        }
    }

    /// A condition, as somebody writes it, that leaves out the rows that have no time.
    var hasTime: String {
        switch type {
        case .instant, .clock, .date: "isfinite(\(time.column))"
        default: "\(time.column) IS NOT NULL"
        }
    }

    // MARK: - Conditions

    /// Whether a row's time lies within the run's bounds, or cannot be read; `nil` where there are
    /// no bounds.
    ///
    /// What cannot be read is not left out in silence: who reads the row refuses it.
    var isWanted: SQLStatement? {
        isWithin.map { "(\($0) OR \(isUnreadable))" }
    }

    /// Whether a row's time lies within the run's bounds; `nil` where there are none.
    ///
    /// An index on the column answers it.
    var isWithin: SQLStatement? {
        var parts: [SQLStatement] = []
        for (end, word) in [(time.from, ">="), (time.to, "<")] {
            guard let second = end.map({ $0.milliseconds / 1000 }) else { continue }
            if type == .any, isText { parts.append(roughly(word, second)) }
            parts.append("\(compared) \(unsafeRaw: word) \(border(second))")
        }
        guard let first = parts.first else { return nil }
        return "(" + parts.dropFirst().reduce(first) { $0 + " AND " + $1 } + ")"
    }

    /// Whether a row's time cannot be read; that of a row that can is not NULL.
    var isUnreadable: SQLStatement {
        switch type {
        case .instant, .clock, .date:
            "(\(column) IS NULL OR \(column) = 'infinity' OR \(column) = '-infinity')"
        case .number: "(\(column) IS NULL OR \(isOtherUnit))"
        case .any, .none:
            isText
                ? "(\(clockText) IS NULL)"
                : "(typeof(\(column)) NOT IN ('integer', 'real') OR \(isOtherUnit))"
        }
    }

    private var isText: Bool { reading == .utc || reading == .zone }

    private var isOtherUnit: SQLStatement {
        let word = reading == .seconds ? ">=" : "<"
        let number: SQLStatement = type == .any ? column : dialect.double(column)
        return "abs(\(number)) \(unsafeRaw: word) \(unsafeRaw: String(TimeReader.border))"
    }

    /// What is compared with an end.
    private var compared: SQLStatement { type == .any && isText ? clockText : column }

    /// An end as the column has it.
    private func border(_ second: Int64) -> SQLStatement {
        switch (type, reading) {
        case (.instant, _): return dialect.instant("\(second * 1000)")
        case (.clock, _):
            return "CAST(\(String(Self.text(clock(second)).dropLast())) AS timestamp)"
        case (.date, _):
            // A day is its first moment.
            let days = (Double(clock(second)) / 86_400).rounded(.up)
            let text = Self.text(Int64(days) * 86_400)
            return "CAST(\(String(text.prefix { $0 != "T" })) AS date)"
        case (_, .seconds): return "CAST(\(second) AS bigint)"
        case (_, .milliseconds): return "CAST(\(second * 1000) AS bigint)"
        default: return "CAST(\(clock(second)) AS bigint)"
        }
    }

    /// The time on the wall from which on the column's times are not before a moment.
    private func clock(_ second: Int64) -> Int64 {
        reading == .zone ? reader.calendar.clock.unseen(at: second) : second
    }

    /// A condition on texts that holds for all that are past an end, wherever their zone: texts
    /// begin with their date.
    private func roughly(_ word: String, _ second: Int64) -> SQLStatement {
        let day: Int64 = 86_400
        let text = Self.text(word == ">=" ? second - 2 * day : second + 3 * day)
        let date = text.prefix { $0 != "T" }
        // Texts are in the order of their dates from the year 0 to 9999 alone.
        guard date.utf8.count == 10, !date.hasPrefix("-") else { return "1 = 1" }
        return "\(column) \(unsafeRaw: word) \(String(date))"
    }

    /// A moment as databases have it: in a calendar that goes on as today's however long ago.
    private static func text(_ second: Int64) -> String {
        RecordTime.text(microseconds: second * 1_000_000)
    }

    /// A text of SQLite as seconds since 1970, or since clocks showed that; NULL for one of another
    /// form, which may be a time all the same.
    private var clockText: SQLStatement {
        let digits = "[0-9][0-9]"
        let zone = "*[+-]\(digits):\(digits)"
        let isMoment = reading == .utc
        // The text without its zone, and the zone.
        let body: SQLStatement = """
            CASE
                WHEN \(column) GLOB '*[Zz]' THEN substr(\(column), 1, length(\(column)) - 1)
                WHEN \(column) GLOB '\(unsafeRaw: zone)'
                THEN substr(\(column), 1, length(\(column)) - 6)
                ELSE \(column)
            END
            """
        let offset: SQLStatement = """
            CASE
                WHEN \(column) GLOB '*[Zz]' THEN 'Z'
                WHEN \(column) GLOB '\(unsafeRaw: zone)' THEN substr(\(column), -6)
                ELSE ''
            END
            """
        let date = "\(digits)\(digits)-\(digits)-\(digits)"
        let minute = "\(date)[ Tt]\(digits):\(digits)"
        let shown: SQLStatement = """
            substr(tranche_body, 1, 10) || ' ' || substr(tranche_body || ':00', 12, 8)
            """
        let isWhole: SQLStatement = """
            (
                tranche_body GLOB '\(unsafeRaw: minute)'
                OR tranche_body GLOB '\(unsafeRaw: minute):\(unsafeRaw: digits)'
                OR tranche_body GLOB '\(unsafeRaw: minute):\(unsafeRaw: digits).[0-9]*'
                    AND substr(tranche_body, 21) NOT GLOB '*[^0-9]*'
            )
            """
        // SQLite takes February 31 for March 3 once it calculates with it.
        let isDay: SQLStatement = """
            date(substr(tranche_body, 1, 10), '+0 days') = substr(tranche_body, 1, 10)
            """
        return """
            (
                SELECT CASE
                    WHEN NOT coalesce(\(isDay), 0) THEN NULL
                    WHEN tranche_body GLOB '\(unsafeRaw: date)' AND tranche_offset = ''
                    THEN CAST(strftime('%s', tranche_body) AS integer)
                    WHEN \(isWhole)\(unsafeRaw: isMoment ? "" : " AND tranche_offset = ''")
                    THEN CAST(strftime('%s', \(shown) || tranche_offset) AS integer)
                END
                FROM (
                    SELECT \(body) AS tranche_body, \(offset) AS tranche_offset
                    WHERE typeof(\(column)) = 'text'
                )
            )
            """
    }
}
