import Tranche

/// How the fields of records go to the columns of a table.
struct SQLTableColumns: Sendable {
    let table: SQLTable
    /// The sink, and its table, for messages.
    let sink: String
    let tableName: SQLTableName
    let key: [String]
    let unknownFields: SQLTableSink.UnknownFields
    let dialect: any SQLDialect

    /// What becomes of records of some fields.
    enum Answer: Sendable {
        /// They are loaded in this shape.
        case load(SQLTableShape)
        /// They are refused, for a field.
        case refuse(field: String?, message: String)
        /// Their table lacks columns, which are to be added.
        case add([String])
    }

    // MARK: - Before anything is loaded

    /// Checks fields that all records have.
    ///
    /// - Returns: What is to be told of those that the table lacks.
    /// - Throws: `TrancheError` `.invalidArgument`.
    func check(_ fields: RecordFields) throws -> String? {
        switch answer(for: fields, base: nil) {
        case .refuse(_, let message): throw TrancheError(.invalidArgument, message)
        case .add(let names):
            return
                "\(sink) has no column \(Self.list(names)): added with the first batch that has it"
        case .load(let shape):
            guard shape.dropped > 0 else { return nil }
            let names = fields.names.filter { shape.target.place(of: $0) == nil }
            return "\(sink) has no column for \(Self.list(names)): left out"
        }
    }

    /// Checks that the key names rows.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`, with the way out.
    func requireKey() throws {
        if key.isEmpty { return }
        for part in key where table.column(part) == nil {
            throw TrancheError(
                .invalidArgument,
                "\(sink) has no column '\(part)' for the key; it has \(names)\(spelling(of: part))"
            )
        }
        if table.isView {
            throw TrancheError(
                .invalidArgument,
                "\(sink) is a view, which has no unique index that could name a row; give the table behind it, "
                    + "or no key"
            )
        }
        if table.indexes.contains(where: { $0.names(a: key) }) { return }
        let what =
            key.count == 1
            ? "column '\(key[0])' of \(sink) is not unique, so that it names no row"
            : "the columns \(Self.list(key)) of \(sink) are not unique together, so that they name no row"
        let remedy = dialect.creatingIndex(on: key, of: tableName, isUnique: true)
        throw TrancheError(.invalidArgument, "\(what)\(nearIndex); make it so, as with \(remedy)")
    }

    /// An index that looks as if it would do, and why it does not.
    private var nearIndex: String {
        let near = table.indexes.first { index in
            index.columns.contains { $0.map(key.contains) ?? true }
        }
        guard let near else { return "" }
        let reason =
            if near.isPartial {
                "holds only for the rows that meet its condition"
            } else if near.columns.contains(nil) {
                "is on an expression"
            } else if near.isDeferrable {
                "is DEFERRABLE, and not gone by then"
            } else {
                "is on \(near.columns.compactMap(\.self).joined(separator: ", "))"
            }
        return " (the unique index '\(near.name)' \(reason))"
    }

    // MARK: - Records

    /// Decides about records of some fields.
    ///
    /// - Parameters:
    ///   - fields: The fields.
    ///   - base: The fields that are loaded now, which these may go along with; `nil` where there
    ///     are none.
    /// - Returns: What becomes of them.
    func answer(for fields: RecordFields, base: RecordFields?) -> Answer {
        if let missing = key.first(where: { fields.place(of: $0) == nil }) {
            return .refuse(
                field: missing,
                message:
                    "the records have no field '\(missing)', which is the key of \(sink); they have "
                    + fields.names.joined(separator: ", ")
            )
        }
        var known: [String] = []
        var adding: [String] = []
        for field in fields.names {
            guard let column = table.column(field) else {
                switch unknownFields {
                case .drop: continue
                case .addColumns:
                    if let objection = objection(toAdding: field) {
                        return .refuse(field: field, message: objection)
                    }
                    adding.append(field)
                    continue
                case .refuse: return .refuse(field: field, message: unknown(field))
                }
            }
            if let message = objection(to: column) {
                if unknownFields == .drop, column.giver == .expression { continue }
                return .refuse(field: field, message: message)
            }
            known.append(field)
        }
        if !adding.isEmpty { return .add(adding) }
        if known.isEmpty {
            return .refuse(
                field: nil,
                message: "no field is a column of \(sink), which has \(names)"
            )
        }
        return .load(shape(known, of: fields, base: base))
    }

    /// The shape of records of which some fields are known.
    ///
    /// Records that differ in their fields go together as far as that is the same: in another
    /// order, and, where no row is replaced, without those whose columns have no default.
    private func shape(_ known: [String], of fields: RecordFields, base: RecordFields?)
        -> SQLTableShape
    {
        let dropped = fields.count - known.count
        guard let base else {
            return SQLTableShape(known, of: fields, dropped: dropped)
        }
        let own = Set(known)
        let kept = base.names.filter { name in
            own.contains(name) || key.isEmpty && table.column(name)?.hasDefault == false
        }
        let order = kept + known.filter { base.place(of: $0) == nil }
        if base.areSpelt(order) { return SQLTableShape(base, of: fields, dropped: dropped) }
        return SQLTableShape(order, of: fields, dropped: dropped)
    }

    /// Whether of some records two may have the same key, however it is spelt.
    func mayRepeatKeys(in records: [Record]) -> Bool {
        if key.isEmpty { return false }
        let kinds = key.map { RecordKeys.Kind(baseType: table.column($0)?.baseType ?? "") }
        var seen: Set<[RecordKeys.Part]> = []
        return records.contains { record in
            let parts = zip(key, kinds).map { name, kind in
                record.fields.place(of: name).map {
                    kind.part(of: record, record.cell($0)).folded
                }
            }
            return !seen.insert(parts.compactMap(\.self)).inserted
        }
    }

    // MARK: - Words

    private var names: String { table.columns.map(\.name).joined(separator: ", ") }

    private func unknown(_ field: String) -> String {
        "\(sink) has no column '\(field)'; it has \(names)\(spelling(of: field)). Give the field a column's "
            + "name (--map), leave such fields out (--drop-unknown), or add columns for them (--add-columns)"
    }

    /// A column that differs by upper and lower case alone.
    private func other(_ field: String) -> String? {
        table.columns.map(\.name).first { $0.lowercased() == field.lowercased() }
    }

    private func spelling(of field: String) -> String {
        other(field).map { "; upper and lower case count: '\($0)' is another name" } ?? ""
    }

    private func objection(toAdding field: String) -> String? {
        let reason =
            other(field).map { "upper and lower case count, and there is '\($0)'" }
            ?? dialect.objection(toColumn: field)
            ?? (table.isView ? "it is a view" : nil)
        return reason.map {
            "\(sink) has no column '\(field)', and none is added: \($0). Give the field another name (--map)"
        }
    }

    /// Why a column's values cannot be given.
    private func objection(to column: SQLTable.Column) -> String? {
        switch column.giver {
        case .anyone: nil
        case .expression:
            "column '\(column.name)' of \(sink) is GENERATED ALWAYS AS an expression, and takes no values; leave "
                + "the field out (--drop-unknown does)"
        case .identity where !key.isEmpty && !key.contains(column.name):
            "column '\(column.name)' of \(sink) is GENERATED ALWAYS AS IDENTITY and no part of the key: a row "
                + "that is there cannot get another value; leave the field out, or make the column GENERATED BY "
                + "DEFAULT"
        case .identity: nil
        }
    }

    private static func list(_ names: [String]) -> String {
        names.map { "'\($0)'" }.joined(separator: ", ")
    }
}

/// How records of some fields are loaded.
struct SQLTableShape: Sendable {
    /// The fields that are loaded.
    let target: RecordFields
    /// Where each of them stands in the records; `nil` where these are as they are loaded.
    let places: [Int?]?
    /// How many fields are left out.
    let dropped: Int

    init(_ names: [String], of fields: RecordFields, dropped: Int) {
        // They are some of a record's names, and so each is there once.
        let target = fields.areSpelt(names) ? fields : (try? RecordFields(names)) ?? fields
        self.init(target, of: fields, dropped: dropped)
    }

    init(_ target: RecordFields, of fields: RecordFields, dropped: Int) {
        self.target = target
        places = target == fields ? nil : target.names.map { fields.place(of: $0) }
        self.dropped = dropped
    }

    /// Records in this shape.
    func shaped(_ records: [Record]) -> [Record] {
        guard let places else { return records }
        return records.projected(onto: target, places)
    }
}
