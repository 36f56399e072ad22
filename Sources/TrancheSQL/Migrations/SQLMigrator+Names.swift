import Tranche

/// How long the name of an inventory may be.
extension SQLMigrator {
    /// Refuses a name for a new inventory with which the names of its tables and indexes would be
    /// cut, so that one would stand for two; one that is there may keep its name.
    ///
    /// Differs by dialect: PostgreSQL cuts names without a word, SQLite takes any.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`; the database's error.
    func requireShortName() async throws {
        // Source: PostgreSQL's NAMEDATALEN, which counts the byte behind the end.
        let most = 63 - set.longestSuffix
        let name = tables.batch.table
        let length = name.utf8.count
        guard !database.dialect.hasOneWriter, length > most,
            try await applied(passingOverNewer: true).isEmpty
        else { return }
        throw TrancheError(
            .invalidArgument,
            "the inventory's table cannot be '\(name)', whose name has \(length) bytes: "
                + "PostgreSQL would cut the names that are made from it; give one of at most "
                + "\(most) bytes"
        )
    }
}

extension MigrationSet {
    /// The most bytes that a name of the inventory's has behind the name of its table.
    var longestSuffix: Int {
        let lengths = migrations.flatMap { migration in
            migration.up.split(separator: "{").dropFirst().compactMap { part -> Int? in
                var key = part.prefix { $0 != "}" }
                if key.hasPrefix("name:") { key = key.dropFirst("name:".count) }
                guard key.hasPrefix("inventory") else { return nil }
                return key.utf8.count - "inventory".utf8.count
            }
        }
        return lengths.max() ?? 0
    }
}
