import Tranche

/// A dataset as OpenLineage's naming conventions name it.
///
/// Source: <https://openlineage.io/docs/spec/naming>. MongoDB and SQLite are not in its table; they
/// are named in the same way, by how they are reached and by what is in them.
struct LineageDataset: Sendable, Hashable {
    /// The place, such as `postgres://db:5432`.
    var namespace: String
    /// What is there, such as `shop.public.orders`.
    var name: String

    init(_ namespace: String, _ name: String) {
        (self.namespace, self.name) = (namespace, name)
    }

    // MARK: - Inputs

    /// Names a source.
    ///
    /// - Parameters:
    ///   - definition: What it is.
    ///   - place: Where its database is, where known.
    ///   - inventory: The inventory, where some sources are.
    init(_ definition: SourceDefinition, at place: String?, in inventory: LineageInventory) {
        let table = definition.table
        if let job = table.suffix(after: "inventory:") {
            self = .batches(of: job, in: inventory)
        } else if let log = table.suffix(after: "input:") {
            self = .part(log, of: "_event", in: inventory)
        } else if let pages = table.suffix(after: "pages:") {
            self = .part(pages, of: "_page", in: inventory)
        } else if table.hasPrefix("mongodb") && table.contains("://") {
            self = .collection(table)
        } else if let place = place ?? Self.database(definition.database) {
            self = .table(table, in: place)
        } else if definition.isOfFile || definition.database.hasPrefix("folder ") {
            self = .file(table)
        } else {
            self.init("inmemory://", table)
        }
    }

    /// The batches of a job, which may be the source of another: a part of the inventory's table.
    static func batches(of job: String, in inventory: LineageInventory) -> LineageDataset {
        part(job, of: "", in: inventory)
    }

    private static func part(
        _ name: String,
        of ending: String,
        in inventory: LineageInventory
    ) -> LineageDataset {
        var dataset = table(inventory.table + ending, in: inventory.place)
        dataset.name += "/\(name)"
        return dataset
    }

    private static func database(_ identity: String) -> String? {
        identity.hasPrefix("sqlite:") || identity.hasPrefix("postgresql:") ? identity : nil
    }

    // MARK: - Outputs

    /// Names where the records of a run go; `nil` where they go nowhere.
    ///
    /// - Parameters:
    ///   - target: The target as runs keep it: `SinkTarget.text`.
    ///   - inventory: The inventory, beside which a table may be.
    init?(target: String, in inventory: LineageInventory) {
        if target == "none" || target.hasPrefix("none (") { return nil }
        if let rest = target.suffix(after: "table '") {
            guard let end = rest.lastRange(of: "'") else { return nil }
            let place = Self.withoutManners(String(rest[end.upperBound...])).suffix(after: " in ")
            self = .table(String(rest[..<end.lowerBound]), in: place ?? inventory.place)
        } else if let rest = target.suffix(after: "csv '") ?? target.suffix(after: "json lines '") {
            guard let end = rest.lastRange(of: "'") else { return nil }
            self = .file(String(rest[..<end.lowerBound]))
        } else {
            var place = Self.withoutManners(target)
            for word in ["graph ", "webhook "] { place = place.suffix(after: word) ?? place }
            if place.hasPrefix("mongodb") && place.contains("://") {
                self = .collection(place)
            } else {
                self = .file(place)
            }
        }
    }

    /// A target without what stands in brackets behind it.
    private static func withoutManners(_ text: String) -> String {
        guard text.hasSuffix(")"), let start = text.lastRange(of: " (") else { return text }
        return String(text[..<start.lowerBound])
    }

    // MARK: - Kinds

    /// A table: `postgres://host:port` and `database.schema.table`, or the file's `sqlite://`.
    static func table(_ table: String, in place: String) -> LineageDataset {
        if let path = place.suffix(after: "sqlite:") {
            let name = table.suffix(after: "main.") ?? table
            return LineageDataset("sqlite://" + ResolvedPath(path).text, name)
        }
        guard let scheme = place.firstRange(of: "://") else { return LineageDataset(place, table) }
        let rest = place[scheme.upperBound...]
        let slash = rest.lastIndex(of: "/") ?? rest.endIndex
        let database = rest[slash...].dropFirst()
        let name = table.contains(".") ? table : "public.\(table)"
        return LineageDataset(
            "postgres://" + server(rest[..<slash], port: "5432"),
            database.isEmpty ? name : "\(database).\(name)"
        )
    }

    /// A collection: `mongodb://host:port` and `database.collection`.
    private static func collection(_ url: String) -> LineageDataset {
        let bare = url.prefix { $0 != "?" }
        let rest = bare.firstRange(of: "://").map { bare[$0.upperBound...] } ?? bare
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let server =
            url.hasPrefix("mongodb+srv:")
            ? String(rest[..<slash]) : server(rest[..<slash], port: "27017")
        return LineageDataset("mongodb://" + server, String(rest[slash...].dropFirst()))
    }

    /// The first server of a list, with its port; a socket is this machine's.
    private static func server(_ servers: Substring, port: String) -> String {
        let first = servers.prefix { $0 != "," }
        if first.isEmpty || first.hasPrefix("/") || first.lowercased().hasPrefix("%2f") {
            return "localhost:\(port)"
        }
        let name = first.hasPrefix("[") ? first.drop { $0 != "]" }.dropFirst() : first[...]
        return name.contains(":") ? String(first) : "\(first):\(port)"
    }

    /// A file, with the word of its format before it or without: `file` and its path; or the
    /// store's URL and the object's key.
    private static func file(_ text: String) -> LineageDataset {
        var place = text[...]
        if let colon = place.firstIndex(of: ":"), !place[colon...].hasPrefix("://"),
            place[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
        {
            place = place[place.index(after: colon)...]
        }
        guard let scheme = place.firstRange(of: "://") else {
            return LineageDataset("file", ResolvedPath(String(place)).text)
        }
        let rest = place[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let name = rest[slash...].dropFirst()
        return LineageDataset(String(place[..<slash]), name.isEmpty ? "/" : String(name))
    }

    /// The dataset's members as JSON.
    var members: [(name: String, json: String)] {
        [("namespace", JSONBytes.quoted(namespace)), ("name", JSONBytes.quoted(name))]
    }
}

extension String {
    /// What follows a prefix; `nil` where there is another.
    fileprivate func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

extension Substring {
    fileprivate func lastRange(of text: String) -> Range<Index>? { ranges(of: text).last }
}

extension String {
    fileprivate func lastRange(of text: String) -> Range<Index>? { ranges(of: text).last }
}
