import Tranche

/// What an inventory has already of that which is in a file.
extension RecordImport {
    /// Whether a row is left out, since it is here already; most that are, are an error.
    mutating func isKnown(
        _ values: [String: Value],
        in table: TransferTable,
        on connection: isolated Database.Connection
    ) async throws -> Bool {
        let select: SQLStatement
        switch table.name {
        case "run":
            let key = Self.key(of: values)
            select = "SELECT id FROM \(store.tables.run) WHERE \(store.isRun(key))"
            if try await !run([select], on: connection)[0].isEmpty {
                throw fault("\(key) is there already; 'tranche forget' removes it")
            }
            return false
        case "budget" where values["name"]?.text != nil, "page_list", "input_log":
            let name = values["name"]?.text ?? ""
            select = "SELECT id FROM \(table.table) WHERE name = \(name)"
            guard var row = try await run([select], on: connection)[0].first else { return false }
            guard table.name != "input_log", let old = values["id"]?.integer else {
                throw fault("there is a \(table.name) '\(name)' already")
            }
            numbers[table.name, default: [:]][old] = try row.integer()
            if table.name == "budget" {
                knownBudgets.insert(old)
            } else {
                knownLists[old] = name
            }
            return true
        case "probe": return try await isLeftOut(probe: values, on: connection)
        case "page":
            guard let old = values["list_id"]?.integer, let name = knownLists[old],
                let list = numbers["page_list"]?[old]
            else { return false }
            guard let number = values["number"]?.integer, let cursor = values["cursor"]?.text
            else { throw fault("it has no number, or no cursor") }
            let end = values["page_end"]?.text
            knownPages[list, default: [:]][number] = KnownPage(
                list: name,
                cursor: cursor,
                end: end
            )
            if knownPages[list]?.count ?? 0 >= Self.most {
                try await comparePages(on: connection)
            }
            return true
        case "registry":
            let isSame = ["meta_table", "uid_column", "kind"].map { column -> SQLStatement in
                "\(name: column) = \(values[column] ?? .null)"
            }
            select = """
                SELECT id FROM \(table.table) WHERE \(isSame[0]) AND \(isSame[1]) AND \(isSame[2])
                """
            guard var row = try await run([select], on: connection)[0].first,
                let old = values["id"]?.integer
            else { return false }
            numbers[table.name, default: [:]][old] = try row.integer()
            knownRegistries.insert(old)
            return true
        case "uid":
            guard let old = values["registry_id"]?.integer, knownRegistries.contains(old),
                let registry = numbers["registry"]?[old]
            else { return false }
            guard let number = values["number"]?.integer, let uid = values["uid"]?.text else {
                throw fault("it has no number, or no uid")
            }
            knownUIDs[registry, default: [:]][number] = uid
            if knownUIDs[registry]?.count ?? 0 >= Self.most {
                try await compareUIDs(on: connection)
            }
            return true
        default: return false
        }
    }

    /// The numbers of the batches that a row of the archive holds.
    func packedBatches(in values: [String: Value]) throws -> [Int64] {
        guard case .blob(let body)? = values["body"]?.read(as: .blob) else {
            throw fault("it has no body")
        }
        do {
            return try ArchiveCodec.unpack(body, row: values["id"]?.integer ?? 0).map(\.id)
        } catch {
            throw fault("its 'body' is not what batches are packed into")
        }
    }

    /// Finds a number that a batch has already: one in the table, or one that others have packed.
    ///
    /// - Parameters:
    ///   - ids: Numbers of batches, ascending.
    ///   - connection: The connection.
    /// - Returns: The number; `nil` where all are free.
    /// - Throws: The database's error.
    func known(
        among ids: [Int64],
        on connection: isolated Database.Connection
    ) async throws -> Int64? {
        guard let first = ids.first, let last = ids.last else { return nil }
        for start in stride(from: 0, to: ids.count, by: 10_000) {
            let part = Array(ids[start...].prefix(10_000))
            let isMeant = store.dialect.column("id", isAmong: part)
            let select: SQLStatement = "SELECT min(id) FROM \(store.tables.batch) WHERE \(isMeant)"
            var row = try await run([select], on: connection)[0].first
            if let id = try row?.optionalInteger() { return id }
        }
        // Jobs take turns: a row's batches are not all that are between its first and its last.
        // Those of the file are as they were.
        let isOwn = store.dialect.column("run_id", isAmong: (numbers["run"] ?? [:]).values.sorted())
        let wanted = Set(ids)
        var after: Int64? = .min
        while let mark = after {
            after = nil
            let select: SQLStatement = """
                SELECT id, body
                FROM \(store.tables.archive)
                WHERE last_batch >= \(first) AND first_batch <= \(last)
                    AND id > \(mark) AND NOT (\(isOwn))
                ORDER BY id
                LIMIT 8
                """
            let rows = try await run([select], on: connection)[0]
            for index in 0..<rows.count {
                var row = rows[index]
                let (id, batches, _) = try store.archived(&row)
                if let batch = batches.first(where: { wanted.contains($0.id) }) { return batch.id }
                after = id
            }
        }
        return nil
    }

    /// Refuses uids that have other numbers here, where batches of other runs have them.
    mutating func compareUIDs(on connection: isolated Database.Connection) async throws {
        for (registry, uids) in knownUIDs {
            let isMeant = store.dialect.column("number", isAmong: uids.keys.sorted())
            let select: SQLStatement = """
                SELECT number, uid FROM \(store.tables.uid)
                WHERE registry_id = \(registry) AND \(isMeant)
                """
            let rows = try await run([select], on: connection)[0]
            var left = uids
            for index in 0..<rows.count {
                var row = rows[index]
                let number = try row.integer()
                if left[number] == (try row.text()) { left[number] = nil }
            }
            guard let (number, uid) = left.min(by: { $0.key < $1.key }) else { continue }
            throw fault(
                "uid '\(uid)' has the number \(number) in the file, and another one, or none, "
                    + "here: import into an inventory that does not number these uids yet"
            )
        }
        knownUIDs = [:]
    }

    /// Refuses pages that are others here, or are not here: jobs of both inventories have named
    /// them.
    mutating func comparePages(on connection: isolated Database.Connection) async throws {
        for (list, pages) in knownPages {
            let isMeant = store.dialect.column("number", isAmong: pages.keys.sorted())
            let select: SQLStatement = """
                SELECT number, cursor, page_end, CASE
                    WHEN EXISTS (
                        SELECT 1 FROM \(store.tables.page) AS n
                        WHERE n.list_id = p.list_id AND n.number = p.number + 1
                    ) THEN 1
                    ELSE 0
                END
                FROM \(store.tables.page) AS p
                WHERE list_id = \(list) AND \(isMeant)
                """
            let rows = try await run([select], on: connection)[0]
            var left = pages
            for index in 0..<rows.count {
                var row = rows[index]
                let number = try row.integer()
                guard let page = left[number] else { continue }
                let isSame = try row.text().utf8.elementsEqual(page.cursor.utf8)
                let end = row.optionalText()
                let hasNext = try row.boolean()
                // Without the end, a run that has passed the page would wait for it.
                let isEnded = page.end == nil || end != nil || hasNext
                if isSame, isEnded { left[number] = nil }
            }
            guard let (number, page) = left.min(by: { $0.key < $1.key }) else { continue }
            throw fault(
                "page \(number) of '\(page.list)' is not here as it is in the file: import into an "
                    + "inventory that does not have these pages yet"
            )
        }
        knownPages = [:]
    }

    /// Whether a probe is left out: one of a budget that was here before, which stays as it is, and
    /// one that earlier versions left behind without its budget.
    private func isLeftOut(
        probe values: [String: Value],
        on connection: isolated Database.Connection
    ) async throws -> Bool {
        guard let budget = values["budget_id"]?.integer else { return false }
        guard numbers["budget"]?[budget] != nil, !knownBudgets.contains(budget) else {
            return true
        }
        let name = values["name"]?.text ?? ""
        let rows = try await run(
            [
                // Left behind likewise, it only keeps the name.
                """
                DELETE FROM \(store.tables.probe)
                WHERE name = \(name)
                    AND NOT EXISTS (
                        SELECT 1 FROM \(store.tables.budget) AS b WHERE b.id = budget_id
                    )
                """,
                "SELECT id FROM \(store.tables.probe) WHERE name = \(name)",
            ],
            on: connection
        )
        guard rows[1].isEmpty else {
            throw fault(
                "there is a probe '\(name)' already, which holds back something else: 'tranche "
                    + "probe remove' removes it"
            )
        }
        return false
    }
}
