import Tranche
import TrancheSQL

/// What belongs to a source's table: what it stands for, what inherits, what draws its ids.
struct PostgreSQLSourceFamily: Sendable {
    /// The source itself, and for a view what it reads; then their heirs and ancestors.
    var relations: [Relation] = []
    /// The columns from which the ids come; several where that cannot be told.
    var columns: [Column] = []
    /// Whether ``columns`` is where the ids come from, and not just where they may come from.
    var isTraced = false
    /// The sequences of ``columns`` and of their heirs and ancestors.
    var sequences: [Sequence] = []

    /// A table or view.
    struct Relation: Sendable {
        var id: Int64
        /// The name with its schema, quoted where it must be.
        var name: String
        var kind: Kind
        var place: Place

        /// Source: PostgreSQL's catalog `pg_class`.
        enum Kind: String, Sendable {
            case table = "r"
            case partitioned = "p"
            case foreign = "f"
            case materialized = "m"
            case view = "v"
        }

        enum Place: String, Sendable {
            /// The source itself, or what it reads.
            case own
            /// A partition or heir, of any depth.
            case below
            case above
        }
    }

    /// A table's column.
    struct Column: Sendable {
        var relation: Int64
        var name: String
        /// The expression of its default; `nil` where there is none, and for an identity.
        var expression: String?

        /// Whether ids are made from others, or from what a sequence gives.
        var isComputed: Bool {
            guard let expression else { return false }
            let (start, end) = ("nextval('", "'::regclass)")
            guard expression.hasPrefix(start), expression.hasSuffix(end) else { return true }
            let name = expression.dropFirst(start.count).dropLast(end.count)
            return name.replacing("''", with: "").contains("'")
        }
    }

    /// A sequence.
    struct Sequence: Sendable {
        var name: String
        var increment: Int64
        var cache: Int64
        var isCyclic: Bool
        /// Whether this role may read it.
        var isReadable: Bool
    }

    /// The tables that hold the rows: not views, not heirs.
    var tables: [Relation] { relations.filter { $0.place == .own && $0.kind != .view } }
}

extension PostgreSQLDatabase {
    /// Finds what belongs to a table or view.
    func family(of name: SQLTableName, uid: String) async throws -> PostgreSQLSourceFamily {
        var family = PostgreSQLSourceFamily()
        family.relations = try await relations(of: name)
        if let column = try await origin(of: uid, in: name) {
            family.columns = [column]
            family.isTraced = true
        } else {
            family.columns = try await columnsUsed(by: family.relations)
        }
        family.sequences = try await sequences(of: family.columns)
        return family
    }

    func relations(of name: SQLTableName) async throws
        -> [PostgreSQLSourceFamily.Relation]
    {
        // What a materialized view was made from no longer counts: rows appear when it is
        // refreshed.
        let rows = try await read(
            """
            WITH RECURSIVE own(oid) AS (
                SELECT CAST(to_regclass(\(name.quoted)) AS oid)
                UNION
                SELECT d.refobjid
                FROM own
                JOIN pg_class AS c ON c.oid = own.oid AND c.relkind = 'v'
                JOIN pg_rewrite AS r ON r.ev_class = c.oid AND r.ev_type = '1'
                JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass)
                    AND d.objid = r.oid AND d.refclassid = CAST('pg_class' AS regclass)
            ),
            below(oid) AS (
                SELECT oid FROM own
                UNION
                SELECT i.inhrelid FROM below JOIN pg_inherits AS i ON i.inhparent = below.oid
            ),
            above(oid) AS (
                SELECT oid FROM own
                UNION
                SELECT i.inhparent FROM above JOIN pg_inherits AS i ON i.inhrelid = above.oid
            )
            SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relkind, f.place
            FROM (
                SELECT oid, 'own' AS place FROM own
                UNION ALL
                (SELECT oid, 'below' FROM below EXCEPT SELECT oid, 'below' FROM own)
                UNION ALL
                (SELECT oid, 'above' FROM above EXCEPT SELECT oid, 'above' FROM own)
            ) AS f
            JOIN pg_class AS c ON c.oid = f.oid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'f', 'm', 'v')
            ORDER BY c.oid
            """
        )
        return try rows[0].map { row in
            PostgreSQLSourceFamily.Relation(
                id: try row.integer(),
                name: try row.text(),
                kind: .init(rawValue: try row.text()) ?? .table,
                place: .init(rawValue: try row.text()) ?? .own
            )
        }
    }

    /// The table's column from which a column comes, unchanged; `nil` where that cannot be told.
    func origin(
        of uid: String,
        in name: SQLTableName
    ) async throws -> PostgreSQLSourceFamily.Column? {
        var (relation, column) = ("to_regclass(\(name.quoted))" as SQLStatement, uid)
        // A view may read a view.
        for _ in 0..<32 {
            let rows = try await read(
                """
                SELECT a.attrelid, a.attnum, r.ev_action,
                    CASE WHEN a.attidentity = '' THEN pg_get_expr(d.adbin, d.adrelid) END
                FROM pg_attribute AS a
                LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                LEFT JOIN pg_rewrite AS r ON r.ev_class = a.attrelid AND r.ev_type = '1'
                    AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = a.attrelid AND c.relkind = 'v')
                WHERE a.attrelid = \(relation) AND a.attname = \(column)
                """
            )
            guard var row = rows[0].first else { return nil }
            let id = try row.integer()
            let number = try row.integer()
            guard let action = row.optionalText() else {
                return .init(relation: id, name: column, expression: row.optionalText())
            }
            let source = PostgreSQLViewColumn(number, ofRule: action)
            guard let source else { return nil }
            let names = try await read(
                """
                SELECT attname FROM pg_attribute
                WHERE attrelid = CAST(\(source.table) AS oid) AND attnum = \(source.column)
                """
            )
            guard var next = names[0].first else { return nil }
            relation = "CAST(\(source.table) AS oid)"
            column = try next.text()
        }
        return nil
    }

    /// The columns of tables that views read.
    private func columnsUsed(
        by relations: [PostgreSQLSourceFamily.Relation]
    ) async throws -> [PostgreSQLSourceFamily.Column] {
        let views = relations.filter { $0.kind == .view }.map { String($0.id) }
        let rows = try await read(
            """
            SELECT DISTINCT a.attrelid, a.attname
            FROM pg_rewrite AS r
            JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = r.oid
                AND d.refclassid = CAST('pg_class' AS regclass)
            JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE r.ev_type = '1' AND r.ev_class = ANY (CAST(\(Self.array(views)) AS oid[]))
                AND a.attnum > 0
            ORDER BY a.attrelid, a.attname
            """
        )
        return try rows[0].map { row in
            .init(relation: try row.integer(), name: try row.text(), expression: nil)
        }
    }

    /// The sequences that belong to columns, or stand in their defaults.
    private func sequences(
        of columns: [PostgreSQLSourceFamily.Column]
    ) async throws -> [PostgreSQLSourceFamily.Sequence] {
        let rows = try await read(
            """
            WITH RECURSIVE \(Self.related(to: columns)),
            found(oid) AS (
                -- Owned by a column, or its identity.
                SELECT d.objid
                FROM related AS c
                JOIN pg_depend AS d ON d.refclassid = CAST('pg_class' AS regclass)
                    AND d.refobjid = c.relation AND d.refobjsubid = c.number
                    AND d.classid = CAST('pg_class' AS regclass)
                UNION
                -- Named in a column's default.
                SELECT d.refobjid
                FROM related AS c
                JOIN pg_attrdef AS e ON e.adrelid = c.relation AND e.adnum = c.number
                JOIN pg_depend AS d ON d.classid = CAST('pg_attrdef' AS regclass)
                    AND d.objid = e.oid AND d.refclassid = CAST('pg_class' AS regclass)
            )
            SELECT format('%I.%I', n.nspname, c.relname), s.seqincrement, s.seqcache, s.seqcycle,
                has_sequence_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
            FROM found
            JOIN pg_sequence AS s ON s.seqrelid = found.oid
            JOIN pg_class AS c ON c.oid = found.oid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            ORDER BY 1
            """
        )
        return try rows[0].map { row in
            PostgreSQLSourceFamily.Sequence(
                name: try row.text(),
                increment: try row.integer(),
                cache: try row.integer(),
                isCyclic: try row.boolean(),
                isReadable: try row.boolean()
            )
        }
    }

    /// Columns, and those of their tables' heirs and ancestors, which have them under the same
    /// name.
    private static func related(to columns: [PostgreSQLSourceFamily.Column]) -> SQLStatement {
        """
        own(relation, name) AS (
            SELECT relation, name
            FROM unnest(
                CAST(\(array(columns.map { String($0.relation) })) AS oid[]),
                CAST(\(array(columns.map(\.name))) AS text[])
            ) AS o(relation, name)
        ),
        below(relation, name) AS (
            SELECT relation, name FROM own
            UNION
            SELECT i.inhrelid, b.name
            FROM below AS b JOIN pg_inherits AS i ON i.inhparent = b.relation
        ),
        above(relation, name) AS (
            SELECT relation, name FROM own
            UNION
            SELECT i.inhparent, a.name
            FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relation
        ),
        related(relation, number) AS (
            SELECT a.attrelid, a.attnum
            FROM (SELECT relation, name FROM below UNION SELECT relation, name FROM above) AS f
            JOIN pg_attribute AS a ON a.attrelid = f.relation AND a.attname = f.name
        )
        """
    }

    /// Texts as the server spells an array.
    static func array(_ texts: [String]) -> String {
        let quoted = texts.map { text in
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        return "{" + quoted.joined(separator: ",") + "}"
    }
}
