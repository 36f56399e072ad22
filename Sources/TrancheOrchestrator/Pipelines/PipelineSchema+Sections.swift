/// What a file may say beside inputs, processes and links.
extension PipelineSchema {
    /// The properties of the sections, each behind its name.
    static var sections: String {
        """
        "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"},
            "inventory": {"anyOf": [{"type": "string"}, \(secret)]},
            "databases": \(map(of: #"{"anyOf": [{"type": "string"}, \#(secret)]}"#)),
            "lineage": {"anyOf": [{"type": "string"}, \(lineage)]},
            "budgets": \(map(of: named(budgetFields))),
            "jobs": \(map(of: named(jobFields, required: ["source"]))),
            "alerts": \(map(of: named(alertFields, required: ["when"], more: [
                #""webhook": \#(secret)"#, #""when": {"type": "array", "items": \#(condition)}"#,
            ])))
        """
    }

    private static let budgetFields: [Field] = [
        ("batches", .count), ("weight", .textOrNumber), ("rate", .text), ("burst", .textOrNumber),
    ]

    /// Those of a workflow, whose job's name may stand outside.
    private static let jobFields: [Field] = [
        ("job", .text), ("run", .text), ("ids", .any), ("source", .any), ("steps", .any),
        ("sink", .any), ("program", .texts), ("command", .texts), ("process", .text),
        ("handler", .callers), ("weight", .textOrNumber),
        ("count", .countAboveZero), ("workers", .countAboveZero), ("prefetch", .count),
        ("stages", .any), ("parallelism", .count), ("per_key", .countAboveZero),
        ("budgets", .texts), ("share", .numberAboveZero),
        ("priority", .number), ("rest", .any), ("policy", .anyObject), ("execution", .text),
        ("promise", .text), ("timeout", .textOrNumber), ("idle", .textOrNumber),
        ("snapshots", .any), ("parameters", .anyObject),
    ]

    private static let alertFields: [Field] = [
        ("program", .texts), ("links", .texts), ("repeat", .textOrNumber),
    ]

    private static let secret = """
        {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, \
        "properties": {"env": {"type": "string"}, "file": {"type": "string"}}}
        """

    private static let lineage = """
        {"type": "object", "required": ["to"], "additionalProperties": false, "properties": \
        {"to": {"anyOf": [{"type": "string"}, \(secret)]}, "namespace": {"type": "string"}}}
        """

    private static let condition = """
        {"anyOf": [{"type": "string", "pattern": "^(failed|stuck|held|lag above .+)$"}, \
        {"type": "object", "required": ["lag"], "additionalProperties": false, \
        "properties": {"lag": {"type": ["string", "number"]}}}]}
        """

    private static func map(of value: String) -> String {
        #"{"type": "object", "additionalProperties": \#(value)}"#
    }

    private static func named(
        _ fields: [Field],
        required: [String] = [],
        more: [String] = []
    ) -> String {
        let names = required.map { "\"\($0)\"" }.joined(separator: ", ")
        let all = fields.map { "\"\($0.name)\": \($0.kind.rawValue)" } + more
        return """
            {"type": "object", "required": [\(names)], "additionalProperties": false, \
            "properties": {\(all.joined(separator: ", "))}}
            """
    }
}
