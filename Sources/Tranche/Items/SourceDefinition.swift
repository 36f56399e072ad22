import Foundation

/// What identifies a source's entries: where it is, and how its columns are used.
///
/// Two runs of one job must agree in it; the run that is there first decides.
public struct SourceDefinition: Sendable, Hashable, Codable {
    /// The database, found out from itself and not from a URL: for PostgreSQL its system identifier
    /// and name, for SQLite the file.
    public var database: String
    /// The table's name as given.
    public var table: String
    /// The column that holds the id.
    public var uid: String
    /// The column that holds the payload, if any.
    public var item: String?
    /// The column that holds the weight, if any.
    public var weight: String?
    /// The condition that entries must meet, if any.
    public var filter: String?
    /// The column that says when an entry was made, if ages count.
    public var settleColumn: String?

    /// Makes a definition.
    public init(
        database: String,
        table: String,
        uid: String,
        item: String? = nil,
        weight: String? = nil,
        filter: String? = nil,
        settleColumn: String? = nil
    ) {
        self.database = database
        self.table = table
        self.uid = uid
        self.item = item
        self.weight = weight
        self.filter = filter
        self.settleColumn = settleColumn
    }

    /// The definition as JSON with sorted keys: equal text means equal definition.
    public var canonicalText: String {
        get throws { try JSONText.encode(self) }
    }

    /// What differs between two definitions, in words; `nil` when nothing does.
    public func difference(to other: SourceDefinition) -> String? {
        func words(_ name: String, _ mine: String?, _ theirs: String?) -> String? {
            mine == theirs ? nil : "\(name) \(mine ?? "none") instead of \(theirs ?? "none")"
        }
        let parts = [
            words("database", database, other.database),
            words("table", table, other.table),
            words("uid column", uid, other.uid),
            words("item column", item, other.item),
            words("weight column", weight, other.weight),
            words("filter", filter, other.filter),
            words("settle column", settleColumn, other.settleColumn),
        ]
        let differences = parts.compactMap { $0 }
        return differences.isEmpty ? nil : differences.joined(separator: ", ")
    }
}
