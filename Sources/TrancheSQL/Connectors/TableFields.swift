import FoundationEssentials
import Tranche
import TrancheConnectors

/// The fields of a source that is a table.
struct TableSourceFields: Decodable {
    var uid: String?
    var item: String?
    var weightColumn: String?
    var `where`: String?
    var volatileFilter: Bool?
    var settleColumn: String?
    var key: String?
    var timeColumn: String?
    var timeAs: String?
    var by: String?
    var zone: String?
    var timeFrom: String?
    var timeTo: String?
    var schema: String?
    var table: String?
    var database: DatabaseSpec?

    /// The fields that all tables have.
    static let names: Set<String> = [
        "uid", "item", "weight_column", "where", "volatile_filter", "settle_column", "key",
        "time_column", "time_as", "by", "zone", "time_from", "time_to",
    ]

    /// The table with its columns as the fields say.
    ///
    /// - Throws: `SpecError` for a time that is not as it must be.
    func applied(
        to table: SQLSource,
        in database: SourceDatabase?
    ) throws(SpecError) -> SQLSource {
        var source = table
        source.database = database
        if let uid { source.uid = uid }
        if let item { source.item = item.isEmpty ? .none : .named(item) }
        if let weight = weightColumn {
            source.weight = weight.isEmpty ? .none : .named(weight)
        }
        source.filter = `where`.flatMap { $0.isEmpty ? nil : $0 }
        source.settleColumn = settleColumn.flatMap { $0.isEmpty ? nil : $0 }
        source.key = key.flatMap { $0.isEmpty ? nil : $0 }
        source.allowsVolatileFilter = volatileFilter ?? false
        source.time = try time
        return source
    }
}

// MARK: - Time

extension TableSourceFields {
    /// The column of times, as the fields say; `nil` where they say nothing of it.
    private var time: SourceTime? {
        get throws(SpecError) {
            let (column, zone) = (Self.given(timeColumn), Self.given(zone) ?? "UTC")
            let (from, to) = (Self.given(timeFrom), Self.given(timeTo))
            let step = try Self.choice(by, "by", TimeStep.self)
            // A job that is known has the column; of another, that it is missing is said.
            let given = [timeColumn, timeAs, by, self.zone, timeFrom, timeTo]
            guard given.contains(where: { Self.given($0) != nil }) else { return nil }
            let time = SourceTime(
                column ?? "",
                reading: try Self.choice(timeAs, "time_as", SourceTime.Reading.self),
                by: step,
                zone: zone,
                from: try Self.moment(from, in: zone, "time_from"),
                to: try Self.moment(to, in: zone, "time_to")
            )
            // Said here, in the words that were given; the source's own check shows moments.
            if let from, let to, time.isEmpty {
                throw SpecError(
                    .invalidValue,
                    field: ["time_from"],
                    value: from,
                    "is not before the other end, '\(to)', by the clocks of \(zone)"
                )
            }
            return time
        }
    }

    private static func given(_ text: String?) -> String? {
        text.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String?,
        _ field: String,
        _ type: Choice.Type
    ) throws(SpecError) -> Choice? {
        guard let text = given(text) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw SpecError(.invalidValue, field: [field], value: text, "is none of \(names)")
    }

    private static func moment(
        _ text: String?,
        in zone: String,
        _ field: String
    ) throws(SpecError) -> Date? {
        guard let text else { return nil }
        do {
            _ = try ZoneClock(zone)
        } catch {
            throw SpecError(.invalidValue, field: ["zone"], "\(error)")
        }
        do {
            return try MomentText.moment(text, in: zone)
        } catch {
            throw SpecError(.invalidValue, field: [field], "\(error)")
        }
    }
}

/// The fields of a sink that is a table.
struct TableSinkFields: Decodable {
    var key: [String]?
    var dropUnknown: Bool?
    var addColumns: Bool?
    var table: String?

    /// The fields that all tables have.
    static let names: Set<String> = ["key", "drop_unknown", "add_columns"]

    /// The table as a sink.
    func sink(
        _ table: String,
        in database: SourceDatabase?,
        _ context: ConnectorContext
    ) throws -> SQLTableSink {
        SQLTableSink(
            table,
            key: key ?? [],
            in: database,
            unknownFields: try unknownFields,
            note: context.note
        )
    }

    private var unknownFields: SQLTableSink.UnknownFields {
        get throws(SpecError) {
            switch (dropUnknown ?? false, addColumns ?? false) {
            case (false, false): return .refuse
            case (true, false): return .drop
            case (false, true): return .addColumns
            case (true, true):
                throw SpecError(
                    .invalidValue,
                    field: ["drop_unknown"],
                    "excludes that columns are added: give one of both"
                )
            }
        }
    }
}
