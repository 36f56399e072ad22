import Tranche

/// Reads a pipeline's document.
struct PipelineReader: Sendable {
    let types: PipelineTypes
    /// What the file has of databases.
    var databases: PipelineDatabases

    init(types: PipelineTypes) {
        self.types = types
        databases = PipelineDatabases(credentials: types.credentials)
    }

    /// What the root of the document is.
    var kind: FieldKind<Pipeline> {
        .mapping { fields in
            var pipeline = Pipeline()
            readRunning(fields, &pipeline.configuration)
            let reader = readSections(fields, &pipeline)
            // Each is looked at, whatever is wrong with the others.
            let inputKind = reader.parts("an input", types.inputs, Self.withOperations)
            let processKind = reader.parts("a process", types.processes) { _ in { $0 } }
            // A file of jobs alone needs none of these.
            let isOfJobs = fields.has("jobs") && !fields.has("links")
            func read<Value>(_ key: String, _ kind: FieldKind<[Value]>) -> [Value]? {
                isOfJobs && !fields.has(key) ? [] : fields.require(key, kind)
            }
            let inputs = read("inputs", inputKind)
            let processes = read("processes", processKind)
            let links = read("links", .list(of: links))
            guard let inputs, let processes, let links else { return nil }
            (pipeline.inputs, pipeline.processes) = (inputs, processes)
            let checked = check(links, pipeline, fields)
            if let checked { check(checked.alerts, of: checked, fields) }
            return checked
        }
    }

    private func readRunning(
        _ fields: FieldReader,
        _ configuration: inout Orchestrator.Configuration
    ) {
        if let most = fields.read("processes_at_once", .integer(1...1000)) {
            configuration.processes = Int(most)
        }
        if let keep = fields.read("keep", .duration) {
            configuration.keep = keep
            if keep < .seconds(60) { fields.fault("give 1m or more", key: "keep") }
        }
        if let grace = fields.read("grace", .duration) { configuration.grace = grace }
    }

    // MARK: - Parts

    /// Parts by their names: a mapping, or a list in which each has a `name`.
    private func parts<Part>(
        _ what: String,
        _ makers: [String: @Sendable (PartSettings) throws -> Part?],
        _ readMore: @escaping @Sendable (FieldReader) -> (Part) -> Part
    ) -> FieldKind<[Part]> {
        FieldKind("a mapping from names to parts") { place in
            switch place.node.value {
            case .mapping:
                let named = FieldKind.map(of: FieldKind<YAMLNode>.node).convert(place) ?? []
                let parts = named.map { name, node in
                    part(named: name, what, makers, readMore).convert(place.child(name, node))
                }
                return Self.whole(parts)
            case .sequence:
                return FieldKind.list(of: part(named: nil, what, makers, readMore)).convert(place)
            default:
                return FieldKind<[Part]>.refuse(place, "a mapping from names to parts")
            }
        }
    }

    private static func whole<Part>(_ parts: [Part?]) -> [Part]? {
        let right = parts.compactMap { $0 }
        return right.count == parts.count ? right : nil
    }

    private func part<Part>(
        named name: String?,
        _ what: String,
        _ makers: [String: @Sendable (PartSettings) throws -> Part?],
        _ readMore: @escaping @Sendable (FieldReader) -> (Part) -> Part
    ) -> FieldKind<Part> {
        .mapping { fields in
            let name = name ?? fields.require("name", .text)
            guard let type = fields.require("type", .oneOf(makers.keys.sorted())),
                let make = makers[type]
            else {
                // What the type would read is not known.
                fields.allow(fields.keys)
                return nil
            }
            var part: Part?
            do {
                // What is wrong with one without a name is told as well.
                part = try make(PartSettings(name ?? "unnamed", fields, databases))
            } catch {
                fields.fault("\(error)", key: "type")
            }
            // Whatever is wrong with the part, these keys are known of any.
            let finish = readMore(fields)
            return name == nil ? nil : part.map { finish($0) }
        }
    }

    /// Reads the operations that an input gives.
    private static func withOperations(
        _ fields: FieldReader
    ) -> (any Input) -> any Input {
        guard let operations = operations(fields) else { return { $0 } }
        return { FilteredInput(base: $0, operations: operations) }
    }

    /// The operations under `operations`, or `operation`; `nil` where all are meant.
    private static func operations(_ fields: FieldReader) -> Set<Event.Operation>? {
        let key = fields.has("operation") ? "operation" : "operations"
        guard let texts = fields.read(key, .texts) else { return nil }
        var operations: Set<Event.Operation> = []
        for text in texts {
            do {
                operations.insert(try Event.Operation(parsing: text))
            } catch {
                fields.fault("\(error)", key: key)
            }
        }
        return operations
    }

    // MARK: - Links

    /// A link with its place, so that faults of the graph have one.
    private struct PlacedLink {
        var link: Link
        var place: FieldPlace
    }

    /// `a -> b`, or a mapping with `from` and `to`; several where `to` is a list.
    private var links: FieldKind<[PlacedLink]> {
        FieldKind<[PlacedLink]>("a link such as 'input -> process'") { place in
            guard case .scalar = place.node.value else {
                let found = FieldKind<[Link]>.mapping { readLinks($0) }.convert(place)
                return found?.map { PlacedLink(link: $0, place: place) }
            }
            guard let text = FieldKind<String>.text.convert(place) else { return nil }
            let names = Self.names(ofLink: text)
            guard names.count >= 2, !names.contains("") else {
                place.fault("'\(text)' is not a link; give 'input -> process'")
                return nil
            }
            return zip(names, names.dropFirst()).map {
                PlacedLink(link: Link(from: $0, to: $1), place: place)
            }
        }
    }

    /// The names in a text such as `a -> b -> c`.
    static func names(ofLink text: String) -> [String] {
        text.split(separator: "->", omittingEmptySubsequences: false)
            .map { $0.trimmingPrefix { $0 == " " } }
            .map { String($0.reversed().trimmingPrefix { $0 == " " }.reversed()) }
    }

    private func readLinks(_ fields: FieldReader) -> [Link]? {
        let source = fields.require("from", .text)
        let processes = fields.require("to", Self.textOrTexts)
        var link = Link(from: source ?? "", to: "")
        readSize(fields, &link)
        link.operations = Self.operations(fields) ?? []
        link.workers = fields.read("workers", .integer(1...1000)).map { Int($0) }
        link.timeout = fields.read("timeout", .duration)
        if fields.read("coalesce", .oneOf(["key"])) != nil { link.coalesce = .zero }
        if let within = fields.read("within", .duration) {
            if link.coalesce == nil {
                fields.fault("'within' goes with 'coalesce: key'", key: "within")
            }
            link.coalesce = within
        }
        if let start = fields.read("start", .oneOf(Link.Start.allCases.map(\.rawValue))) {
            link.start = Link.Start(rawValue: start) ?? .floor
        }
        link.settleWait = fields.read("settle_wait", .duration)
        readPolicy(fields, &link)
        readLimits(fields, &link)
        link.isOrdered = fields.read("ordered", .flag) ?? false
        if link.isOrdered {
            for key in ["backoff", "backoff_limit"] where fields.has(key) {
                fields.fault("an ordered link tries again at once", key: key)
            }
        }
        link.then = fields.read("then", Self.afterLoad)
        guard source != nil, let processes else { return nil }
        let links = processes.map { process in
            var copy = link
            copy.process = process
            return copy
        }
        do {
            try links.first?.validate()
        } catch {
            fields.place.fault("\(error)")
        }
        return links
    }

    /// `move`'s folder, `delete`, or `tag` with a mark.
    private static var afterLoad: FieldKind<AfterLoad> {
        let what = "'delete', 'tag', {move: FOLDER} or {tag: MARK}"
        return FieldKind<AfterLoad>(what) { place in
            if case .scalar = place.node.value {
                switch FieldKind<String>.text.convert(place) {
                case "delete": return .delete
                case "tag": return .tag()
                case "move": place.fault("'move' needs a folder; give {move: FOLDER}")
                default: return FieldKind<AfterLoad>.refuse(place, what)
                }
                return nil
            }
            return FieldKind<AfterLoad>.mapping { fields in
                let target = fields.read("move", .text)
                let mark = fields.read("tag", .text)
                switch (target, mark) {
                case (let target?, nil) where !target.isEmpty:
                    return .move(to: PipelineTypes.absolute(target))
                case (nil, let mark?): return .tag(mark)
                default:
                    fields.place.fault("give one of {move: FOLDER} and {tag: MARK}")
                    return nil
                }
            }.convert(place)
        }
    }

    private static var textOrTexts: FieldKind<[String]> {
        FieldKind("a name, or a list of names") { place in
            if case .sequence = place.node.value { return FieldKind.texts.convert(place) }
            return FieldKind<String>.text.convert(place).map { [$0] }
        }
    }

    private func readSize(_ fields: FieldReader, _ link: inout Link) {
        let count = fields.read("count", .integer(1...1_000_000)).map { Int($0) }
        let weight = fields.read("weight", .size)
        if count != nil || weight != nil { link.limit = BatchLimit(weight: weight, count: count) }
    }

    private func readPolicy(_ fields: FieldReader, _ link: inout Link) {
        if let lease = fields.read("lease", .duration) { link.policy.lease = lease }
        if let most = fields.read("max_attempts", .integer(1...1_000_000)) {
            link.policy.maxAttempts = Int(most)
        }
        if let backoff = fields.read("backoff", .duration) { link.policy.backoff = backoff }
        if let limit = fields.read("backoff_limit", .duration) { link.policy.backoffLimit = limit }
        let names = RunPolicy.OnExhausted.allCases.map(\.rawValue)
        if let name = fields.read("on_exhausted", .oneOf(names)) {
            link.policy.onExhausted = RunPolicy.OnExhausted(rawValue: name) ?? .fail
        }
        link.policy.extendedRetries = fields.read("extended_retries", .duration)
        switch fields.read("execution", .oneOf(["at-least-once", "at-most-once"])) {
        case "at-most-once": link.policy.execution = .atMostOnce
        default: break
        }
    }

    private func readLimits(_ fields: FieldReader, _ link: inout Link) {
        var limits = RunLimits()
        limits.parallelism = fields.read("parallelism", .integer(0...1_000_000)).map { Int($0) }
        limits.budgets = fields.read("budgets", .texts) ?? []
        if let share = fields.read("share", .number(0.000_001...1_000_000)) {
            limits.rank.share = share
        }
        if let priority = fields.read("priority", .integer(-1000...1000)) {
            limits.rank.priority = Int(priority)
        }
        if limits != RunLimits() { link.limits = limits }
    }

    /// Finds what keeps the parts and links from being a graph, each with its place.
    private func check(
        _ links: [[PlacedLink]],
        _ pipeline: Pipeline,
        _ fields: FieldReader
    ) -> Pipeline? {
        var pipeline = pipeline
        var graph = PipelineGraph()
        for (names, key, add) in [
            (
                pipeline.inputs.map(\.name), "inputs",
                { (graph: inout PipelineGraph, name: String) in
                    try graph.addInput(name)
                }
            ),
            (
                pipeline.processes.map(\.name), "processes",
                { (graph: inout PipelineGraph, name) in
                    try graph.addProcess(name)
                }
            ),
        ] {
            for name in names {
                do {
                    try add(&graph, name)
                } catch {
                    fields.fault("\(error)", key: key)
                }
            }
        }
        for link in links.joined() {
            do {
                try graph.add(link.link)
                pipeline.links.append(link.link)
            } catch {
                link.place.fault("\(error)")
            }
        }
        checkProcesses(ofJobs: pipeline.jobs, &graph, fields)
        if links.joined().isEmpty, !fields.has("jobs") || fields.has("links") {
            fields.fault("\(GraphError.empty)", key: "links")
        }
        for link in links.joined() {
            guard let after = link.link.then,
                let input = pipeline.inputs.first(where: { $0.name == link.link.source })
            else { continue }
            let all = pipeline.links.filter { $0.source == input.name }
            if let fault = after.fault(after: input, all) { link.place.fault(fault) }
        }
        return pipeline
    }
}

/// An input of which some operations alone are kept.
struct FilteredInput: Input {
    let base: any Input
    let operations: Set<Event.Operation>

    var name: String { base.name }
    var settleWait: Duration? { base.settleWait }

    func source(for link: Link) -> any MetaSourceDescription { base.source(for: link) }

    func event(of item: Item) throws -> Event { try base.event(of: item) }

    func run(_ log: InputLog) async throws { try await base.run(log) }

    func gather(_ log: InputLog) async throws { try await base.gather(log) }

    func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey] {
        try await base.clean(inventory, keeping: keep)
    }
}
