/// What tells a table from any other that may come to stand under its name.
struct PostgreSQLSourceMark: Hashable, CustomStringConvertible {
    /// The numbers of the tables from which the ids come; several where that cannot be told.
    var tables: [Int64]
    /// The kind of the one table, as `pg_class` has it; `v` for several.
    var kind: String
    /// The newest file of the table and its partitions; 0 for none.
    var newestFile: Int64
    /// The file of the sequence that gives the ids; 0 for none.
    var sequenceFile: Int64
    /// How the table is kept: logged or not, and by which access method.
    var form: String
    /// The timeline of the server, which rises when a standby takes its place; `nil` where it is
    /// not known, as on a standby.
    var timeline: Int64?

    init(
        tables: [Int64],
        kind: String,
        newestFile: Int64,
        sequenceFile: Int64,
        form: String,
        timeline: Int64?
    ) {
        self.tables = tables
        self.kind = kind
        self.newestFile = newestFile
        self.sequenceFile = sequenceFile
        self.form = form
        self.timeline = timeline
    }

    /// Reads a mark as it was kept.
    init?(_ text: String) {
        var parts: [Substring: Substring] = [:]
        for part in text.split(separator: " ") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { parts[pair[0]] = pair[1] }
        }
        guard let tables = parts["oid"], let kind = parts["kind"], let form = parts["form"],
            let file = parts["file"].flatMap({ Int64($0) }),
            let sequence = parts["sequence"].flatMap({ Int64($0) })
        else { return nil }
        self.init(
            tables: tables.split(separator: ",").compactMap { Int64($0) },
            kind: String(kind),
            newestFile: file,
            sequenceFile: sequence,
            form: String(form),
            timeline: parts["timeline"].flatMap { Int64($0) }
        )
    }

    var description: String {
        "oid=\(oids) kind=\(kind) file=\(newestFile) sequence=\(sequenceFile) form=\(form)"
            + (timeline.map { " timeline=\($0)" } ?? "")
    }

    var oids: String { tables.map { String($0) }.joined(separator: ",") }
}
