import Tranche

/// One step of an inventory's schema.
package struct Migration: Sendable {
    package let version: Int
    package let name: String
    package let up: String
    package let down: String

    package init(version: Int, name: String, up: [UInt8], down: [UInt8]) {
        self.version = version
        self.name = name
        self.up = String(decoding: up, as: UTF8.self)
        self.down = String(decoding: down, as: UTF8.self)
    }

    /// A checksum of the step up: 64-bit FNV-1a, in hexadecimal.
    ///
    /// It guards against edits, not malice.
    package var checksum: String { String(FNVHash(of: up).value, radix: 16) }

    /// The lowest migration that a program must know to work on with this one applied.
    ///
    /// The first line of the step up says so, as `-- works with 29`, where the step only adds what
    /// an older program may leave alone. Without that line a program must know the migration.
    package var worksWith: Int {
        let mark = "-- works with "
        guard up.hasPrefix(mark) else { return version }
        return Int(up.dropFirst(mark.count).prefix { $0.isNumber }) ?? version
    }

    /// The first migration beside which the program that applied it is recorded.
    static let firstWithProgram = 29
}

/// All steps of a dialect, and how it takes over a table of pybatchintory's.
package struct MigrationSet: Sendable {
    package let migrations: [Migration]
    package let adoption: String

    package init(migrations: [Migration], adoption: [UInt8]) {
        self.migrations = migrations
        self.adoption = String(decoding: adoption, as: UTF8.self)
    }

    package var latest: Int { migrations.last?.version ?? 0 }
}

/// A migration's SQL with the inventory's names filled in.
struct MigrationScript {
    let tables: TableNames

    /// Fills names in: `{inventory_run}` becomes a qualified name, `{name:…}` a bare one and
    /// `{text:…}` a literal; `inventory` in them becomes the configured table.
    func fill(_ script: String, values: [String: String] = [:]) -> String {
        var result = ""
        var rest = Substring(script)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            result += filled(String(rest[rest.index(after: open)..<close]), values)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private func filled(_ key: String, _ values: [String: String]) -> String {
        if let value = values[key] { return value }
        if key.hasPrefix("name:") { return renamed(key.dropFirst(5)).quotedAsName }
        if key.hasPrefix("text:") { return renamed(key.dropFirst(5)).quotedAsText }
        return SQLTableName(schema: tables.batch.schema, table: renamed(key[...])).quoted
    }

    private func renamed(_ name: Substring) -> String {
        name.hasPrefix("inventory")
            ? tables.batch.table + name.dropFirst("inventory".count) : String(name)
    }
}
