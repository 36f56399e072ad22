/// A table or view as its database describes it.
package struct SQLTable: Sendable {
    package var columns: [Column]
    /// The unique indexes, those of constraints among them.
    package var indexes: [UniqueIndex]
    /// Whether it is a view.
    package var isView: Bool
    /// Whether rows must come by `INSERT`, as into views and where policies look at each row.
    package var needsInserts: Bool

    package init(
        columns: [Column],
        indexes: [UniqueIndex] = [],
        isView: Bool = false,
        needsInserts: Bool = false
    ) {
        self.columns = columns
        self.indexes = indexes
        self.isView = isView
        self.needsInserts = needsInserts
    }

    package func column(_ name: String) -> Column? {
        columns.first { $0.name == name }
    }

    package struct Column: Sendable {
        package var name: String
        /// The declared type, in the database's spelling; empty where there is none.
        package var type: String
        /// What the type comes down to: a domain's base type on PostgreSQL, a column's affinity on
        /// SQLite.
        package var baseType: String
        package var isNotNull: Bool
        /// Whether values can be whole numbers or any numbers, as far as the type says.
        package var kind: Kind
        /// Whether a unique index is on this column alone.
        package var isUnique: Bool
        /// Whether numbers that are no integers can stand in it although its type is an integer's,
        /// as in most columns of SQLite.
        package var mayHoldFractions = false
        /// Whether a row that does not name it may get another value than NULL.
        package var hasDefault = false
        /// The side that gives its values.
        package var giver = Giver.anyone

        package init(
            name: String,
            type: String,
            baseType: String,
            isNotNull: Bool,
            kind: Kind,
            isUnique: Bool
        ) {
            self.name = name
            self.type = type
            self.baseType = baseType
            self.isNotNull = isNotNull
            self.kind = kind
            self.isUnique = isUnique
        }
    }

    /// The side that gives a column's values.
    package enum Giver: Sendable {
        /// The client that inserts a row.
        case anyone
        /// The database, unless the client that inserts a row insists:
        /// `GENERATED ALWAYS AS IDENTITY`.
        case identity
        /// The database: `GENERATED ALWAYS AS (…)`.
        case expression
    }

    /// A unique index.
    package struct UniqueIndex: Sendable {
        package var name: String
        /// The columns, in the index's order; `nil` for an expression.
        package var columns: [String?]
        /// Whether it is on rows that meet a condition only.
        package var isPartial: Bool
        /// Whether its check can be put off, so that `ON CONFLICT` does not go by it.
        package var isDeferrable: Bool

        package init(name: String, columns: [String?], isPartial: Bool, isDeferrable: Bool = false)
        {
            self.name = name
            self.columns = columns
            self.isPartial = isPartial
            self.isDeferrable = isDeferrable
        }

        /// Whether it names a row by just these columns.
        package func names(a key: [String]) -> Bool {
            !isPartial && !isDeferrable && columns.count == key.count
                && Set(columns) == Set(key.map(Optional.some))
        }
    }

    package enum Kind: Sendable {
        case integer, number, other
        /// The type says nothing; values are looked at one by one.
        case any
    }
}
