/// The keywords that hold schemas, and those that restrict nothing.
enum SchemaKeyword {
    /// What holds schemas.
    enum Shape {
        case schema, schemas, named, schemaOrSchemas
    }

    private static let shapes: [String: Shape] = [
        "additionalProperties": .schema, "propertyNames": .schema, "contains": .schema,
        "not": .schema, "if": .schema, "then": .schema, "else": .schema,
        "unevaluatedItems": .schema, "unevaluatedProperties": .schema, "additionalItems": .schema,
        "items": .schemaOrSchemas, "prefixItems": .schemas, "allOf": .schemas, "anyOf": .schemas,
        "oneOf": .schemas, "properties": .named, "patternProperties": .named,
        "dependentSchemas": .named, "dependencies": .named, "$defs": .named,
        "definitions": .named,
    ]

    /// How a keyword holds schemas; `nil` when it does not.
    static func shape(of keyword: String) -> Shape? { shapes[keyword] }

    private static let remarks: Set = [
        "$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$vocabulary", "title",
        "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
        "contentEncoding", "contentMediaType", "contentSchema",
    ]

    /// Whether a keyword restricts nothing: it describes, or begins with `x-`.
    static func isRemark(_ keyword: String) -> Bool {
        remarks.contains(keyword) || keyword.hasPrefix("x-")
    }
}
