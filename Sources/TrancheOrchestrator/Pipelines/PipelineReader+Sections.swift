import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheWorkflows

/// What a pipeline's file says beside inputs, processes and links.
extension PipelineReader {
    /// Reads a pipeline's name, databases, budgets, jobs and alerts.
    ///
    /// - Returns: The reader of the parts, which knows the databases.
    func readSections(_ fields: FieldReader, _ pipeline: inout Pipeline) -> PipelineReader {
        if let name = fields.read("name", .text) {
            do {
                try PipelineRecord.validate(name: name)
                pipeline.name = name
            } catch {
                fields.fault("\(error)", key: "name")
            }
        }
        var reader = self
        let databases = fields.read("databases", .map(of: .secret(orText: true))) ?? []
        reader.databases.places = Dictionary(
            databases.map { ($0.key, $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
        pipeline.inventory = inventory(fields, reader.databases)
        pipeline.budgets = fields.read("budgets", Self.budgets) ?? []
        pipeline.jobs = fields.read("jobs", jobs) ?? []
        pipeline.alerts = fields.read("alerts", alerts) ?? []
        pipeline.lineage = fields.read("lineage", .lineage)
        return reader
    }

    /// The inventory's place, or the database that is named.
    private func inventory(
        _ fields: FieldReader,
        _ databases: PipelineDatabases
    ) -> SecretPlace? {
        let isName = FieldKind<SecretPlace>("a database") { place in
            if case .scalar(let scalar) = place.node.value,
                let known = databases.places[scalar.text]
            {
                return known
            }
            return FieldKind<SecretPlace>.secret(orText: true).convert(place)
        }
        return fields.read("inventory", isName)
    }

    // MARK: - Budgets

    /// Budgets by their names.
    static let budgets = FieldKind<[PipelineBudget]>("a mapping from names to budgets") { place in
        let found = FieldKind.map(of: FieldKind<BudgetLimits>.mapping { limits($0) }).convert(place)
        return found?.map { PipelineBudget($0.key, $0.value) }
    }

    private static func limits(_ fields: FieldReader) -> BudgetLimits? {
        var limits = BudgetLimits()
        limits.batches = fields.read("batches", .integer(0...1_000_000)).map { Int($0) }
        limits.weight = fields.read("weight", .size)
        limits.rate = fields.read("rate", .rate)
        if let burst = fields.read("burst", .size) {
            if limits.rate == nil { fields.fault("'burst' goes with a 'rate'", key: "burst") }
            limits.rate?.burst = burst
        }
        if !fields.has("batches"), !fields.has("weight"), !fields.has("rate") {
            fields.place.fault("a budget has 'batches', a 'weight' or a 'rate'")
        }
        return limits
    }

    /// The budgets of a description that an inventory keeps.
    static func budgets(kept text: String) throws -> [PipelineBudget] {
        try read("budgets", kept: text) { $0.read("budgets", budgets) ?? [] }
    }

    /// Reads a section of a description that an inventory keeps, whatever else is in it.
    private static func read<Section>(
        _ name: String,
        kept text: String,
        _ section: @escaping @Sendable (FieldReader) -> [Section]
    ) throws -> [Section] {
        do {
            let document = try YAMLDocument(kept: text)
            return try YAMLReader.read(
                document,
                as: .mapping { fields in
                    fields.allow(fields.keys)
                    return section(fields)
                }
            )
        } catch {
            let words = "the \(name) that were applied cannot be read"
            throw TrancheError(.storeFailed, "\(words): \(error)")
        }
    }

    // MARK: - Databases

    /// The databases that a description names that an inventory keeps, by their names: those of
    /// `databases`, and those whose URLs its inputs have.
    static func databases(kept text: String) throws -> [(name: String, place: SecretPlace)] {
        try read("databases", kept: text) { fields in
            let named = fields.read("databases", .map(of: .secret(orText: true))) ?? []
            let inputs = fields.read("inputs", .map(of: FieldKind<YAMLNode>.node)) ?? []
            let urls = inputs.compactMap { input in
                url(ofInput: input.value).map { (name: input.key, place: $0) }
            }
            return named.map { (name: $0.key, place: $0.value) } + urls
        }
    }

    private static func url(ofInput node: YAMLNode) -> SecretPlace? {
        guard case .scalar(let url) = (node["url"] ?? node["connection_string"])?.value,
            url.text.contains("://")
        else { return nil }
        return .text(url.text)
    }

    // MARK: - Alerts

    /// Alerts by their names.
    private var alerts: FieldKind<[PipelineAlert]> {
        FieldKind<[PipelineAlert]>("a mapping from names to alerts") { place in
            let named = FieldKind.map(of: FieldKind<YAMLNode>.node).convert(place) ?? []
            let alerts = named.map { name, node in
                FieldKind<PipelineAlert>.mapping { alert(name, $0) }
                    .convert(place.child(name, node))
            }
            let right = alerts.compactMap { $0 }
            return right.count == alerts.count ? right : nil
        }
    }

    private func alert(_ name: String, _ fields: FieldReader) -> PipelineAlert? {
        let webhook = fields.read("webhook", .secret(orText: false))
        if let webhook, let credentials = databases.credentials {
            do {
                _ = try webhook.text(credentials)
            } catch {
                fields.fault("\(error)", key: "webhook")
            }
        }
        let program = fields.read("program", .texts)
        let conditions = fields.require("when", .list(of: Self.condition))
        let jobs = fields.read("links", .texts) ?? []
        let again = fields.read("repeat", .duration)
        if let again, again < .seconds(60) { fields.fault("give 1m or more", key: "repeat") }
        let target: PipelineAlert.Target? =
            switch (fields.has("webhook"), fields.has("program")) {
            case (true, false): webhook.map { .webhook($0) }
            case (false, true): program.map { .program($0) }
            default: nil
            }
        if fields.has("webhook") == fields.has("program") {
            fields.place.fault("an alert has a 'webhook', as {env: NAME}, or a 'program'")
        }
        if let program, program.first?.isEmpty ?? true {
            fields.fault("give the program, and its arguments", key: "program")
        }
        guard let conditions else { return nil }
        if conditions.isEmpty { fields.fault("give one condition at least", key: "when") }
        guard let target else { return nil }
        var alert = PipelineAlert(name, to: target, on: conditions)
        alert.jobs = jobs
        alert.again = again ?? alert.again
        return alert
    }

    /// `failed`, `stuck`, `held`, `lag above 1h` or `{lag: 1h}`.
    private static let condition = FieldKind<PipelineAlert.Condition>("a condition") { place in
        let listed = "failed, stuck, held, or 'lag above 1h'"
        if case .mapping = place.node.value {
            return FieldKind.mapping { fields in
                fields.require("lag", .duration).flatMap { lag($0, fields.place) }
            }.convert(place)
        }
        guard let text = FieldKind<String>.text.convert(place) else { return nil }
        switch text {
        case "failed": return .failed
        case "stuck": return .stuck
        case "held": return .held
        case _ where text.hasPrefix("lag above "):
            do throws(UnitText.Fault) {
                return lag(try UnitText.duration(String(text.dropFirst(10))), place)
            } catch {
                place.fault("'\(text)' has no duration: \(error.message)")
                return nil
            }
        default:
            let shown = YAMLScalar(text: text, isPlain: false).shownText
            place.fault("'\(shown)' is not a condition; give \(listed)")
            return nil
        }
    }

    private static func lag(_ time: Duration, _ place: FieldPlace) -> PipelineAlert.Condition? {
        if time < .seconds(1) { place.fault("a lag of less than a second is none; give more") }
        return .lag(time)
    }

    /// Finds alerts of links, jobs and inputs that are not there.
    func check(_ alerts: [PipelineAlert], of pipeline: Pipeline, _ fields: FieldReader) {
        guard let graph = try? pipeline.graph else { return }
        let names = Set(graph.jobs.map(\.name)).union(pipeline.jobs.map(\.job))
            .union(graph.inputs)
        for alert in alerts {
            for job in alert.jobs where !names.contains(job) {
                let nearest = NearestName(names.sorted()).to(job).map { "; did you mean '\($0)'?" }
                let list = "; there are \(names.sorted().prefix(20).joined(separator: ", "))"
                fields.fault(
                    "the alert '\(alert.name)' names '\(job)', which is neither a link's job, "
                        + "a job nor an input"
                        + (nearest ?? list),
                    key: "alerts"
                )
            }
        }
    }
}

extension FieldKind where Value == BudgetRate {
    /// A weight per time such as `1GiB/min` or `500/s`.
    static var rate: FieldKind {
        FieldKind("a rate such as 500/s") { place in
            guard let text = FieldKind<String>.text.convert(place) else { return nil }
            do throws(UnitText.Fault) {
                return try UnitText.rate(text)
            } catch {
                place.fault("\(place.node.kindName) is not a rate: \(error.message)")
                return nil
            }
        }
    }
}
