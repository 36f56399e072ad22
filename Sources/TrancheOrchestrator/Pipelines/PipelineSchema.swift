/// The JSON Schema of a pipeline's file, for editors and for checks without this program.
///
/// It is of the draft 2020-12, <https://json-schema.org/draft/2020-12>. What it cannot say, such as
/// that links lead to processes that there are, `tranche check` says.
public enum PipelineSchema: Sendable {
    /// The schema as JSON.
    ///
    /// - Parameter types: The names of the types that files may name; those of their fields that
    ///   are known are checked, any others are taken as they come.
    /// - Returns: The text.
    public static func text(of types: PipelineTypes) -> String {
        let operations: [Field] = [("operations", .texts), ("operation", .texts)]
        let inputs = types.inputs.keys.sorted().map { part($0, inputFields[$0], operations) }
        let processes = types.processes.keys.sorted().map { part($0, processFields[$0], []) }
        return """
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "title": "A pipeline of Tranche",
              "type": "object",
              "anyOf": [
                {"required": ["inputs", "processes", "links"]}, {"required": ["jobs"]}
              ],
              "additionalProperties": false,
              "properties": {
                \(properties(runningFields)),
                \(sections),
                "inputs": \(parts(inputs)),
                "processes": \(parts(processes)),
                "links": {"type": "array", "minItems": 1, "items": {"anyOf": [
                  {"type": "string", "pattern": "->"},
                  \(object(linkFields, required: ["from", "to"]))
                ]}}
              }
            }

            """
    }

    /// What the value of a field must be.
    enum Kind: String {
        case text = #"{"type": "string"}"#
        case textOrNumber = #"{"type": ["string", "number"]}"#
        case flag = #"{"type": "boolean"}"#
        case count = #"{"type": "integer", "minimum": 0}"#
        case countAboveZero = #"{"type": "integer", "minimum": 1}"#
        case number = #"{"type": "number"}"#
        case numberAboveZero = #"{"type": "number", "exclusiveMinimum": 0}"#
        case texts = #"{"type": "array", "items": {"type": ["string", "number"]}}"#
        case textOrTexts = #"""
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
            """#
        case any = "true"
        case anyObject = #"{"type": "object"}"#
        /// What stands for callers of the server, who acquire by themselves.
        case callers = #"{"const": "rest"}"#
    }

    typealias Field = (name: String, kind: Kind)

    static let runningFields: [Field] = [
        ("processes_at_once", .countAboveZero), ("keep", .textOrNumber), ("grace", .textOrNumber),
    ]

    static let linkFields: [Field] = [
        ("from", .text), ("to", .textOrTexts), ("count", .countAboveZero),
        ("weight", .textOrNumber),
        ("operations", .texts), ("operation", .texts), ("workers", .countAboveZero),
        ("timeout", .textOrNumber), ("coalesce", .text), ("within", .textOrNumber),
        ("start", .text), ("lease", .textOrNumber), ("max_attempts", .countAboveZero),
        ("backoff", .textOrNumber), ("backoff_limit", .textOrNumber), ("on_exhausted", .text),
        ("extended_retries", .textOrNumber), ("execution", .text), ("parallelism", .count),
        ("budgets", .texts), ("share", .numberAboveZero), ("priority", .number),
        ("settle_wait", .textOrNumber), ("ordered", .flag),
        ("then", .any),
    ]

    static let inputFields: [String: (fields: [Field], required: [String])] = [
        "directory": (
            [
                ("folder", .text), ("suffixes", .texts), ("recursive", .flag), ("marker", .text),
                ("quiet", .textOrNumber), ("interval", .textOrNumber),
            ], ["folder"]
        ),
        "schedule": ([("cron", .text), ("zone", .text), ("missed", .text)], ["cron"]),
        "inventory": ([("job", .text), ("run", .text), ("gives", .text)], ["job"]),
        "listing": ([("source", .any), ("location", .text)], ["source"]),
        "webhook": (
            [
                ("listen", .text), ("path", .text), ("signature", .text), ("secret", .anyObject),
                ("signature_header", .text), ("idempotency_key", .text),
                ("tolerance", .textOrNumber), ("max_body", .textOrNumber), ("headers", .texts),
                ("hosts", .texts), ("tls", .anyObject), ("insecure", .flag),
            ], ["signature"]
        ),
        "postgresql": (
            [
                ("url", .text), ("connection_string", .text), ("tables", .texts),
                ("schemas", .texts), ("payload", .text),
            ], []
        ),
    ]

    static let processFields: [String: (fields: [Field], required: [String])] = [
        "program": ([("command", .texts)], ["command"]),
        "container": ([("container", .anyObject), ("execution_context", .anyObject)], []),
        "webhook": (
            [
                ("url", .any), ("each", .flag), ("method", .text), ("headers", .anyObject),
                ("secret", .anyObject), ("timeout", .textOrNumber), ("budget", .text),
            ], ["url"]
        ),
        "chain": (
            [
                ("records", .text), ("reading", .anyObject), ("steps", .any), ("sink", .any),
                ("promise", .text), ("max_rejects", .count),
            ], ["sink"]
        ),
        "workflow": (
            [
                ("file", .text), ("workflow", .anyObject), ("per", .text), ("reads", .text),
                ("parameters", .anyObject), ("wait", .flag),
            ], []
        ),
    ]

    // MARK: - Writing

    private static func properties(_ fields: [Field]) -> String {
        // The names of fields are words.
        fields.map { "\"\($0.name)\": \($0.kind.rawValue)" }.joined(separator: ", ")
    }

    private static func object(_ fields: [Field], required: [String]) -> String {
        let names = required.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            {"type": "object", "required": [\(names)], "additionalProperties": false, \
            "properties": {\(properties(fields))}}
            """
    }

    /// A part of a type: with its fields, where they are known.
    private static func part(
        _ type: String,
        _ known: (fields: [Field], required: [String])?,
        _ more: [Field]
    ) -> (type: String, condition: String) {
        let isType = #"{"properties": {"type": {"const": "\#(type)"}}}"#
        guard let known else { return (type, #"{"if": \#(isType), "then": true}"#) }
        let common: [Field] = [("name", .text), ("type", .text)] + more
        let body = object(common + known.fields, required: known.required)
        return (type, #"{"if": \#(isType), "then": \#(body)}"#)
    }

    /// Parts by name, or as a list.
    private static func parts(_ parts: [(type: String, condition: String)]) -> String {
        let names = parts.map { "\"\($0.type)\"" }.joined(separator: ", ")
        let one = """
            {"type": "object", "required": ["type"], "properties": {"type": {"enum": [\(names)]}}, \
            "allOf": [\(parts.map(\.condition).joined(separator: ", "))]}
            """
        return """
            {"anyOf": [{"type": "object", "additionalProperties": \(one)}, \
            {"type": "array", "items": \(one)}]}
            """
    }
}
