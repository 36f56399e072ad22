import Tranche

@testable import TrancheChains

/// Asks schemas about single records.
enum SchemaWorld {
    /// What is wrong with a record of one field `f`.
    static func errors(
        _ rule: String,
        _ value: Value,
        required: Bool = false,
        isTabular: Bool = false,
        convertsTexts: Bool = true
    ) throws -> [String] {
        let json = """
            {"properties": {"f": \(rule)}\(required ? ", \"required\": [\"f\"]" : "")}
            """
        var schema = try RecordSchema(json: json)
        schema.convertsTexts = convertsTexts
        return try faults(schema, ["f"], [value], isTabular: isTabular).map(\.message)
    }

    /// What is wrong with a record of some values.
    static func faults(
        _ schema: RecordSchema,
        _ names: [String],
        _ values: [Value],
        isTabular: Bool = false
    ) throws -> [FieldError] {
        let record = try Record(id: 1, fields: RecordFields(names), values: values)
        return try faults(schema, record, isTabular)
    }

    /// What is wrong with a record whose fields are JSON.
    static func faults(
        _ schema: RecordSchema,
        _ names: [String],
        json: [String]
    ) throws -> [FieldError] {
        var texts = Array("{".utf8)
        for (name, value) in zip(names, json) {
            if texts.count > 1 { texts.append(UInt8(ascii: ",")) }
            JSONBytes.append(name.utf8, to: &texts)
            texts += ":\(value)".utf8
        }
        texts += "}\n".utf8
        var parser = JSONParser()
        let blocks = try parser.parse(texts, at: 0, isLast: true) { throw SourceFault(fault: $0) }
        return try blocks.blocks.flatMap(\.records).flatMap { try faults(schema, $0, false) }
    }

    private static func faults(
        _ schema: RecordSchema,
        _ record: Record,
        _ isTabular: Bool
    ) throws -> [FieldError] {
        let validator = try SchemaValidator(schema, fields: record.fields, isTabular: isTabular)
        var errors: [FieldError] = []
        let valid = try validator.validate([record]) { errors += $0.errors }
        return valid.isEmpty && errors.isEmpty ? [FieldError(message: "is lost")] : errors
    }

    private struct SourceFault: Error {
        let fault: RecordFault
    }
}
