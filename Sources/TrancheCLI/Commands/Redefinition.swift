import Tranche

/// What a redefinition changes, for people and programs.
struct Redefinition: Sendable {
    let key: RunKey
    let isDryRun: Bool
    var changes: [Change] = []
    /// The name of the run under which is kept what was handed out, where the run begins anew.
    var formerRun: String?
    /// The id up to which the run has passed, where its bounds now leave out some of these.
    var passed: Int64?
    /// Whether the items are the records of a file.
    private var isOfFile = false

    init(key: RunKey, isDryRun: Bool) {
        self.key = key
        self.isDryRun = isDryRun
    }

    mutating func add(_ part: String, _ known: String, _ asked: String) {
        changes.append(Change(part: part, known: known, asked: asked))
    }

    mutating func add(differencesFrom known: SourceDefinition?, to asked: SourceDefinition) {
        isOfFile = asked.isOfFile
        let parts: [(String, String?, String?)] = [
            ("database", known?.database, asked.database),
            ("uid", known?.uid, asked.uid),
            ("item", known?.item, asked.item),
            ("weight-column", known?.weight, asked.weight),
            ("where", known?.filter, asked.filter),
            ("settle-column", known?.settleColumn, asked.settleColumn),
            ("times", known?.time?.bounds, asked.time?.bounds),
        ]
        for part in parts where part.1 != part.2 {
            add(part.0, part.1 ?? "none", part.2 ?? "none")
        }
        if changes.isEmpty, known?.identity != asked.identity {
            add("identity", known?.identity ?? "none", asked.identity ?? "none")
        }
    }

    var text: String {
        guard !changes.isEmpty else { return "\(key) is as asked for already" }
        let head = isDryRun ? "\(key) would change:\n" : "\(key) changed:\n"
        let kept = formerRun.map { "what was handed out is kept as run '\($0)'\n" } ?? ""
        let stays =
            passed.map {
                "the run has passed the ids up to \($0): what was handed out of them stays, "
                    + "and what appears among them later still comes\n"
            } ?? ""
        let lines = changes.map { "  \(name(of: $0)): \($0.known) -> \($0.asked)\n" }
        return head + lines.joined() + kept + stays
    }

    /// A part's name for people: what programs know as its database is a file's content.
    private func name(of change: Change) -> String {
        guard isOfFile else { return change.part }
        return switch change.part {
        case "database": "file"
        case "item": "read as"
        default: change.part
        }
    }
}

extension Redefinition: Codable {
    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        key = RunKey(
            metaTable: try members.decode(String.self, forKey: .meta),
            job: try members.decode(String.self, forKey: .job),
            run: try members.decode(String.self, forKey: .run)
        )
        isDryRun = try members.decode(Bool.self, forKey: .isDryRun)
        changes = try members.decode([Change].self, forKey: .changes)
        formerRun = try members.decodeIfPresent(String.self, forKey: .formerRun)
    }

    /// Writes the document; without a restart it has no `kept_as`.
    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(key.job, forKey: .job)
        try members.encode(key.metaTable, forKey: .meta)
        try members.encode(key.run, forKey: .run)
        try members.encode(isDryRun, forKey: .isDryRun)
        try members.encode(changes, forKey: .changes)
        if let formerRun { try members.encode(formerRun, forKey: .formerRun) }
    }

    private enum CodingKeys: String, CodingKey {
        case job, meta, run
        case isDryRun = "dry_run"
        case changes
        case formerRun = "kept_as"
    }
}

/// What a redefinition of several jobs changes.
struct RedefinitionsDocument: Codable {
    let jobs: [Redefinition]
}
