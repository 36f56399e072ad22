import Tranche

/// What a redefinition changes, for people and programs.
struct Redefinition: Sendable {
    let key: RunKey
    let isDryRun: Bool
    var changes: [Change] = []
    /// The name of the run under which is kept what was handed out, where the run begins anew.
    var formerRun: String?

    init(key: RunKey, isDryRun: Bool) {
        self.key = key
        self.isDryRun = isDryRun
    }

    mutating func add(_ part: String, _ known: String, _ asked: String) {
        changes.append(Change(part: part, known: known, asked: asked))
    }

    mutating func add(differencesFrom known: SourceDefinition?, to asked: SourceDefinition) {
        let parts: [(String, String?, String?)] = [
            ("database", known?.database, asked.database),
            ("uid", known?.uid, asked.uid),
            ("item", known?.item, asked.item),
            ("weight-column", known?.weight, asked.weight),
            ("where", known?.filter, asked.filter),
            ("settle-column", known?.settleColumn, asked.settleColumn),
        ]
        for part in parts where part.1 != part.2 {
            add(part.0, part.1 ?? "none", part.2 ?? "none")
        }
        if changes.isEmpty, known?.identity != asked.identity {
            add("identity", known?.identity ?? "none", asked.identity ?? "none")
        }
    }

    var document: JSON {
        .object(
            [
                ("job", .string(key.job)), ("meta", .string(key.metaTable)),
                ("run", .string(key.run)), ("dry_run", .bool(isDryRun)),
                ("changes", .array(changes.map { JSON($0) })),
            ] + (formerRun.map { [("kept_as", .string($0))] } ?? [])
        )
    }

    var text: String {
        guard !changes.isEmpty else { return "\(key) is as asked for already" }
        let head = isDryRun ? "\(key) would change:\n" : "\(key) changed:\n"
        let kept = formerRun.map { "what was handed out is kept as run '\($0)'\n" } ?? ""
        return head + changes.map { "  \($0.part): \($0.known) -> \($0.asked)\n" }.joined() + kept
    }
}

extension JSON {
    init(_ change: Change) {
        self = .object([
            ("part", .string(change.part)), ("from", .string(change.known)),
            ("to", .string(change.asked)),
        ])
    }
}
