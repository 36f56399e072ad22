import Tranche
import TrancheSQL

extension PostgreSQLDatabase {
    /// Why ids may appear that the writers' locks do not announce.
    ///
    /// A role that may only read the table is told what it may see.
    func risks(
        of name: SQLTableName,
        uid: String,
        _ family: PostgreSQLSourceFamily
    ) async throws -> [SourceRisk] {
        var risks: [SourceRisk] = []
        if try await isTrue("SELECT pg_is_in_recovery()") {
            risks.append(.standby)
        }
        let foreign = family.relations.filter { $0.kind == .foreign && $0.place != .above }
        if !foreign.isEmpty { risks.append(.foreignTable(foreign.map(\.name))) }
        let materialized = family.tables.filter { $0.kind == .materialized }
        if !materialized.isEmpty { risks.append(.materializedView(materialized.map(\.name))) }
        let ids = Self.array(family.relations.map { String($0.id) })
        let isSubscribed = try await isTrue(
            """
            SELECT EXISTS (
                SELECT FROM pg_subscription_rel WHERE srrelid = ANY (CAST(\(ids) AS oid[]))
            )
            """
        )
        if isSubscribed { risks.append(.subscription) }
        risks += try await visibilityRisks(of: family)
        if family.tables.count > 1 { risks.append(.severalTables(family.tables.map(\.name))) }
        if !family.isTraced { risks.append(.untracedColumn(uid)) }
        let isElsewhere = family.tables.allSatisfy {
            $0.kind == .foreign || $0.kind == .materialized
        }
        if family.isTraced, !isElsewhere {
            risks += try await sequenceRisks(of: name, uid: uid, family)
        }
        if let risk = try await indexRisk(of: uid, family) { risks.append(risk) }
        return risks
    }

    /// Why rows may come into view that were committed before.
    private func visibilityRisks(of family: PostgreSQLSourceFamily) async throws -> [SourceRisk] {
        var risks: [SourceRisk] = []
        let views = family.relations.filter { $0.kind == .view && $0.place == .own }
        if !views.isEmpty {
            let changing = try await changingCalls(of: views)
            if !changing.isEmpty { risks.append(.changingView(changing)) }
        }
        let ids = Self.array(family.tables.map { String($0.id) })
        // A view's owner may be one whom policies bind, whoever asks.
        let tables = try await read(
            """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = ANY (CAST(\(ids) AS oid[])) AND c.relrowsecurity
                AND (\(unsafeRaw: views.isEmpty ? "false" : "true") OR row_security_active(c.oid))
            ORDER BY 1
            """
        )
        if !tables[0].isEmpty { risks.append(.rowSecurity(try tables[0].map { try $0.text() })) }
        return risks
    }

    /// What views call that may answer otherwise another time.
    private func changingCalls(
        of views: [PostgreSQLSourceFamily.Relation]
    ) async throws -> [String] {
        let ids = Self.array(views.map { String($0.id) })
        let rules = try await read(
            """
            SELECT ev_action FROM pg_rewrite
            WHERE ev_type = '1' AND ev_class = ANY (CAST(\(ids) AS oid[]))
            """
        )
        var calls = PostgreSQLRuleCalls()
        for rule in try rules[0].map({ try $0.text() }) { calls.add(rule: rule) }
        let (all, deciding) = (calls.all.map(String.init), calls.deciding.map(String.init))
        // What is shown beside the id may change; a time or a random number is told all the same,
        // since a view around this one may choose by it.
        let rows = try await read(
            """
            SELECT DISTINCT proname
            FROM pg_proc
            WHERE provolatile <> 'i' AND (
                oid = ANY (CAST(\(Self.array(deciding)) AS oid[]))
                OR oid = ANY (CAST(\(Self.array(all)) AS oid[]))
                    AND (pronargs = 0 OR provolatile = 'v')
            )
            ORDER BY proname
            """
        )
        var names = try rows[0].map { try "'\($0.text())'" }
        if calls.namesCircumstances { names.append("CURRENT_TIMESTAMP or its like") }
        if calls.readsTimes { names.append("a cast of text to a time") }
        return names
    }

    private func sequenceRisks(
        of name: SQLTableName,
        uid: String,
        _ family: PostgreSQLSourceFamily
    ) async throws -> [SourceRisk] {
        if family.sequences.isEmpty {
            return try await isRegistry(family) ? [] : [.noSequence(uid)]
        }
        var risks: [SourceRisk] = []
        if let expression = family.columns.first(where: \.isComputed)?.expression {
            risks.append(.computedID(uid, expression))
        }
        if family.sequences.count > 1 {
            risks.append(.severalSequences(family.sequences.map(\.name)))
        }
        for sequence in family.sequences {
            if sequence.cache > 1 { risks.append(.cachedSequence(sequence)) }
            if sequence.increment > 1 { risks.append(.sequenceIncrement(sequence)) }
            if sequence.increment < 0 { risks.append(.descendingSequence(sequence)) }
            if sequence.isCyclic { risks.append(.cyclicSequence(sequence)) }
        }
        if family.sequences.allSatisfy({ $0.isReadable && $0.increment > 0 }),
            let risk = try await explicitIDs(in: name, uid: uid, family.sequences)
        {
            risks.append(risk)
        }
        return risks
    }

    /// Whether the table is one that items are registered in, which numbers them itself.
    private func isRegistry(_ family: PostgreSQLSourceFamily) async throws -> Bool {
        guard let table = family.tables.first, family.tables.count == 1 else { return false }
        return try await isTrue(
            """
            SELECT EXISTS (
                SELECT FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                WHERE i.indrelid = CAST(\(table.id) AS oid)
                    AND c.relname LIKE \("%" + ItemRegistry.constraint)
            )
            """
        )
    }

    private func explicitIDs(
        in name: SQLTableName,
        uid: String,
        _ sequences: [PostgreSQLSourceFamily.Sequence]
    ) async throws -> SourceRisk? {
        // The highest id first, for each later statement sees what was drawn until then. A sequence
        // is read as a table, since its functions would lock it as a writer does.
        var last: SQLStatement = "SELECT max(last) FROM ("
        for (index, sequence) in sequences.enumerated() {
            if index > 0 { last.append(" UNION ALL ") }
            // One that was never used stands at its first number.
            last.append(
                """
                SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS last
                FROM \(unsafeRaw: sequence.name)
                """
            )
        }
        last.append(") AS sequences")
        let rows = try await read("SELECT max(\(name: uid)) FROM \(name)", last)
        guard let highest = try rows[0].map({ try $0.optionalInteger() })[0],
            let drawn = try rows[1].map({ try $0.optionalInteger() })[0], highest > drawn
        else { return nil }
        return .explicitIDs(highest: highest, drawn: drawn, sequences.map(\.name))
    }

    private func isTrue(_ statement: SQLStatement) async throws -> Bool {
        guard var row = try await read(statement)[0].first else { return false }
        return try row.boolean()
    }
}

// MARK: - Texts

extension SourceRisk {
    fileprivate static var standby: SourceRisk {
        SourceRisk(
            "standby",
            "the server is a standby, which does not know who writes to the primary. \(lagRemedy). "
                + "Reading from the primary avoids it"
        )
    }

    fileprivate static func foreignTable(_ names: [String]) -> SourceRisk {
        SourceRisk(
            "foreign-table",
            "\(list(names)) is kept by another server, which tells nothing of its writers. "
                + "\(lagRemedy). Naming that server as the source's database avoids it"
        )
    }

    fileprivate static func materializedView(_ names: [String]) -> SourceRisk {
        SourceRisk(
            "materialized-view",
            "\(list(names)) shows rows when it is refreshed, in any order of their ids. "
                + "\(lagRemedy), which must be longer than the time between two refreshes. A plain "
                + "view avoids it"
        )
    }

    fileprivate static var subscription: SourceRisk {
        SourceRisk(
            "subscription",
            "a subscription writes to the table, which applies transactions in the order of their "
                + "commits, not of their ids. \(lagRemedy)"
        )
    }

    fileprivate static func rowSecurity(_ names: [String]) -> SourceRisk {
        SourceRisk(
            "row-security",
            "row level security of \(list(names)) may hide rows from this role: one that a policy "
                + "lets through later stands behind the cursor. \(lagRemedy). A role with "
                + "BYPASSRLS avoids it"
        )
    }

    fileprivate static func severalTables(_ names: [String]) -> SourceRisk {
        SourceRisk(
            "several-tables",
            "the view reads \(list(names)): a row may appear when another table's row is committed. "
                + lagRemedy
        )
    }

    fileprivate static func untracedColumn(_ uid: String) -> SourceRisk {
        SourceRisk(
            "untraced-column",
            "the view's column '\(uid)' is not simply a table's, so that no sequence is known to "
                + "give its ids. \(lagRemedy)"
        )
    }

    fileprivate static func noSequence(_ uid: String) -> SourceRisk {
        SourceRisk(
            "no-sequence",
            "no sequence belongs to the column '\(uid)' or stands in its default: in which order "
                + "its ids are given is not known. \(lagRemedy). 'ALTER SEQUENCE … OWNED BY' says "
                + "which one it is"
        )
    }

    fileprivate static func computedID(_ uid: String, _ expression: String) -> SourceRisk {
        SourceRisk(
            "computed-id",
            "the ids of '\(uid)' are computed (\(expression)), and need not ascend as the sequence "
                + "does. \(lagRemedy)"
        )
    }

    fileprivate static func severalSequences(_ names: [String]) -> SourceRisk {
        SourceRisk(
            "several-sequences",
            "ids are drawn from \(list(names)), each with an order of its own. \(lagRemedy)"
        )
    }

    fileprivate static func cachedSequence(
        _ sequence: PostgreSQLSourceFamily.Sequence
    ) -> SourceRisk {
        SourceRisk(
            "cached-sequence",
            "sequence '\(sequence.name)' gives each session \(sequence.cache) ids in advance, "
                + "which it uses later than others use higher ones. \(lagRemedy). 'CACHE 1' avoids "
                + "it"
        )
    }

    fileprivate static func sequenceIncrement(
        _ sequence: PostgreSQLSourceFamily.Sequence
    ) -> SourceRisk {
        SourceRisk(
            "sequence-increment",
            "sequence '\(sequence.name)' goes up by \(sequence.increment): if programs use the ids in "
                + "between, as hi/lo allocators do, they use them in transactions that did not draw them. "
                + lagRemedy
        )
    }

    fileprivate static func descendingSequence(
        _ sequence: PostgreSQLSourceFamily.Sequence
    ) -> SourceRisk {
        SourceRisk(
            "descending-sequence",
            "sequence '\(sequence.name)' goes down: each new id is below those handed out, and is found "
                + "as a late one, for as long as --watch says. Use a column that ascends"
        )
    }

    fileprivate static func cyclicSequence(
        _ sequence: PostgreSQLSourceFamily.Sequence
    ) -> SourceRisk {
        SourceRisk(
            "cyclic-sequence",
            "sequence '\(sequence.name)' begins anew at its end (CYCLE), below the ids handed out. "
                + "'NO CYCLE' avoids it; after a new beginning, use a new job"
        )
    }

    fileprivate static func explicitIDs(
        highest: Int64,
        drawn: Int64,
        _ names: [String]
    ) -> SourceRisk {
        SourceRisk(
            "explicit-ids",
            "the highest id is \(highest), but \(list(names)) has given ids up to \(drawn) only: "
                + "ids are given by whoever inserts, in an order that is not known. \(lagRemedy)"
        )
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
