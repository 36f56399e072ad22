import FoundationEssentials

/// The identity of a source's entries: their location, and the use of their columns.
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
    /// The column at whose borders batches are cut, if any.
    public var key: String?
    /// The kind of the uids where they are not integers, such as `uuid`.
    ///
    /// The ids are then the numbers that the uids were given; `nil` where uids are integers.
    public var numbering: String?
    /// The mark that distinguishes the source from another one under the same name, in the source's
    /// own words; `nil` for none.
    ///
    /// The source judges it when it is opened. It is kept up to date, and is not part of the
    /// comparison.
    public var identity: String?
    /// Where the run's records go, as ``BatchRequest/target`` says; `nil` where nobody said.
    ///
    /// It belongs to a run: the runs of one job may have several.
    public var target: String?
    /// How the source was told to read its content, in the source's own words, so that it can be
    /// made again from the definition; `nil` where the other parts say it all.
    ///
    /// What comes of it is part of ``item``; this is not part of the comparison.
    public var reading: String?
    /// The column that says when something happened, and how the run goes by it; `nil` where it
    /// does not.
    ///
    /// It belongs to a run: the runs of one job may have several bounds.
    public var time: SourceTime?

    /// Makes a definition.
    public init(
        database: String,
        table: String,
        uid: String,
        item: String? = nil,
        weight: String? = nil,
        filter: String? = nil,
        settleColumn: String? = nil,
        key: String? = nil,
        numbering: String? = nil,
        identity: String? = nil,
        target: String? = nil,
        reading: String? = nil,
        time: SourceTime? = nil
    ) {
        self.database = database
        self.table = table
        self.uid = uid
        self.item = item
        self.weight = weight
        self.filter = filter
        self.settleColumn = settleColumn
        self.key = key
        self.numbering = numbering
        self.identity = identity
        self.target = target
        self.reading = reading
        self.time = time
    }

    /// The definition as JSON with sorted keys: equal text means equal definition.
    public var canonicalText: String {
        get throws { try JSONText.encode(self) }
    }

    /// The definition without what is a run's own, and without what only the source judges.
    public var shared: SourceDefinition {
        var shared = self
        shared.identity = nil
        shared.target = nil
        shared.reading = nil
        shared.time = nil
        return shared
    }

    /// The definition of a run that is asked for with another one, once that was found to mean the
    /// same.
    ///
    /// - Parameter asked: What is asked for.
    /// - Returns: The definition asked for; what it does not say stays.
    public func updated(to asked: SourceDefinition) -> SourceDefinition {
        var updated = asked
        updated.identity = asked.identity ?? identity
        updated.target = asked.target ?? target
        updated.reading = asked.reading ?? reading
        return updated
    }

    /// Whether entries may be left out, by a filter or by bounds of time.
    package var leavesOut: Bool { filter != nil || time?.isBounded == true }

    /// Whether the entries are the records of a file.
    package var isOfFile: Bool { uid == "offset" }

    /// The differences between two definitions, in words; `nil` when there is none.
    public func difference(to other: SourceDefinition) -> String? {
        let areOfFiles = isOfFile && other.isOfFile
        let areOfFolders = [self, other].allSatisfy { $0.database.hasPrefix("folder ") }
        let place = areOfFiles ? "file" : areOfFolders ? "items in" : "database"
        func words(_ name: String, _ mine: String?, _ theirs: String?) -> String? {
            mine == theirs ? nil : "\(name) \(mine ?? "none") instead of \(theirs ?? "none")"
        }
        let parts = [
            words(place, database, other.database),
            words("table", table, other.table),
            words("uid column", uid, other.uid),
            words(areOfFiles ? "read as" : "item column", item, other.item),
            words("weight column", weight, other.weight),
            words("filter", filter, other.filter),
            words("settle column", settleColumn, other.settleColumn),
            words("key column", key, other.key),
            words("uids numbered as", numbering, other.numbering),
            words("target", target, other.target),
        ]
        let differences = parts.compactMap { $0 }
        return differences.isEmpty ? nil : differences.joined(separator: ", ")
    }
}

extension SourceDefinition {
    /// The ids of a run among which some may still come: numbers begin at 1.
    package func idsToCome(within bounds: IDBounds) -> IDBounds {
        guard numbering != nil else { return bounds }
        return IDBounds(lower: max(bounds.lower ?? 1, 1), upper: bounds.upper)
    }
}
