import Tranche

extension SchemaCompiler {
    /// Reads a keyword with its value.
    ///
    /// - Parameters:
    ///   - keyword: The keyword.
    ///   - value: Its value.
    ///   - schema: The schema in which it stands.
    ///   - node: What the schema asks.
    /// - Throws: `TrancheError` `.invalidArgument`, naming the place.
    mutating func read(
        _ keyword: String,
        _ value: JSONValue,
        of schema: JSONValue,
        into node: inout SchemaNode
    ) throws {
        switch keyword {
        case "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
            "multipleOf", "minLength", "maxLength", "pattern", "format":
            try readScalar(keyword, value, of: schema, into: &node)
        case "prefixItems", "items", "additionalItems", "contains", "minContains", "maxContains",
            "minItems", "maxItems", "uniqueItems", "unevaluatedItems":
            try readArray(keyword, value, of: schema, into: &node)
        case "properties", "patternProperties", "additionalProperties", "propertyNames", "required",
            "minProperties", "maxProperties", "dependentRequired", "dependentSchemas",
            "dependencies", "unevaluatedProperties":
            try readObject(keyword, value, into: &node)
        case "allOf": node.allOf = try schemas(value, node.pointer, keyword)
        case "anyOf": node.anyOf = try schemas(value, node.pointer, keyword)
        case "oneOf": node.oneOf = try schemas(value, node.pointer, keyword)
        case "not": node.not = try inner(value, node.pointer, keyword)
        case "if":
            let then = try schema["then"].map { try inner($0, node.pointer, "then") }
            let otherwise = try schema["else"].map { try inner($0, node.pointer, "else") }
            node.condition = (try inner(value, node.pointer, keyword), then, otherwise)
        case "then", "else": _ = try inner(value, node.pointer, keyword)
        case "$defs", "definitions": _ = try named(value, node.pointer, keyword)
        case dialect(node.resource).identifier: break
        default:
            guard SchemaKeyword.isRemark(keyword) else {
                throw refused(
                    "the keyword '\(keyword)' is not known here; leave it out, or put 'x-' before it",
                    node.pointer,
                    keyword
                )
            }
        }
    }

    // MARK: - Scalars

    private func readScalar(
        _ keyword: String,
        _ value: JSONValue,
        of schema: JSONValue,
        into node: inout SchemaNode
    ) throws {
        let pointer = node.pointer
        switch keyword {
        case "type": node.types = try types(value, pointer)
        case "enum":
            guard case .array(let values) = value else {
                throw refused("must be an array of values", pointer, keyword)
            }
            node.choices.append(SchemaChoice(values))
        case "const": node.choices.append(SchemaChoice([value]))
        case "minimum", "maximum":
            let exclusive = keyword == "minimum" ? "exclusiveMinimum" : "exclusiveMaximum"
            var isExclusive = false
            if dialect(node.resource) == .draft4, case .boolean(true)? = schema[exclusive] {
                isExclusive = true
            }
            let bound = SchemaBound(
                value: try number(value, pointer, keyword),
                isExclusive: isExclusive
            )
            node.narrow(by: bound, isLower: keyword == "minimum")
        case "exclusiveMinimum", "exclusiveMaximum":
            if dialect(node.resource) == .draft4 {
                guard case .boolean = value else {
                    throw refused("must be true or false in draft 4", pointer, keyword)
                }
                return
            }
            let bound = SchemaBound(value: try number(value, pointer, keyword), isExclusive: true)
            node.narrow(by: bound, isLower: keyword == "exclusiveMinimum")
        case "multipleOf":
            let number = try number(value, pointer, keyword)
            guard !number.isNegative, (1...18) ~= number.digits.count else {
                throw refused("must be a number above 0 of at most 18 digits", pointer, keyword)
            }
            node.multipleOf = number
        case "minLength": node.minLength = try count(value, pointer, keyword)
        case "maxLength": node.maxLength = try count(value, pointer, keyword)
        case "pattern": node.pattern = try pattern(value, pointer, keyword)
        default:
            guard let format = value.string.flatMap(TextFormat.init) else {
                let known = TextFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw refused("must be one of \(known)", pointer, keyword)
            }
            node.format = format
        }
    }

    private func types(_ value: JSONValue, _ pointer: String) throws -> JSONTypes {
        let values: [JSONValue]
        if case .array(let several) = value { values = several } else { values = [value] }
        var types: JSONTypes = []
        for value in values {
            guard let type = value.string.flatMap({ JSONTypes(name: $0) }) else {
                throw refused(
                    "must be null, boolean, integer, number, string, array or object, or several of them",
                    pointer,
                    "type"
                )
            }
            types.formUnion(type)
        }
        guard !values.isEmpty, Set(values).count == values.count else {
            throw refused("must name each type once, and one at least", pointer, "type")
        }
        return types
    }

    private func number(
        _ value: JSONValue,
        _ pointer: String,
        _ keyword: String
    ) throws -> ExactNumber {
        guard case .number(let number) = value else {
            throw refused("must be a number", pointer, keyword)
        }
        return number
    }

    private func count(_ value: JSONValue, _ pointer: String, _ keyword: String) throws -> Int {
        guard case .number(let number) = value, number.isWhole, !number.isNegative else {
            throw refused("must be a whole number from 0 on", pointer, keyword)
        }
        return number.integer.flatMap { Int(exactly: $0) } ?? .max
    }

    private func pattern(
        _ value: JSONValue,
        _ pointer: String,
        _ keyword: String
    ) throws -> Pattern {
        guard let text = value.string else {
            throw refused("must be a regular expression", pointer, keyword)
        }
        do throws(PatternTranslator.Failure) {
            return try Pattern(text)
        } catch {
            throw refused(
                "'\(text)' is not a regular expression of ECMA 262 that can be used: "
                    + "\(error.message)",
                pointer,
                keyword
            )
        }
    }

    // MARK: - Arrays

    private mutating func readArray(
        _ keyword: String,
        _ value: JSONValue,
        of schema: JSONValue,
        into node: inout SchemaNode
    ) throws {
        let pointer = node.pointer
        switch keyword {
        case "prefixItems": node.prefixItems = try schemas(value, pointer, keyword)
        case "items":
            guard case .array(let values) = value else {
                node.items = try inner(value, pointer, keyword)
                return
            }
            // As editions before 2020-12 wrote what is `prefixItems` and `items` now.
            if !values.isEmpty { node.prefixItems = try schemas(value, pointer, keyword) }
            node.items = try schema["additionalItems"].map {
                try inner($0, pointer, "additionalItems")
            }
        case "additionalItems": _ = try inner(value, pointer, keyword)
        case "contains": node.contains = try inner(value, pointer, keyword)
        case "minContains": node.minContains = try count(value, pointer, keyword)
        case "maxContains": node.maxContains = try count(value, pointer, keyword)
        case "minItems": node.minItems = try count(value, pointer, keyword)
        case "maxItems": node.maxItems = try count(value, pointer, keyword)
        case "uniqueItems":
            guard case .boolean(let isUnique) = value else {
                throw refused("must be true or false", pointer, keyword)
            }
            node.hasUniqueItems = isUnique
        default: node.unevaluatedItems = try inner(value, pointer, keyword)
        }
    }

    // MARK: - Objects

    private mutating func readObject(
        _ keyword: String,
        _ value: JSONValue,
        into node: inout SchemaNode
    ) throws {
        let pointer = node.pointer
        switch keyword {
        case "properties":
            for (name, schema) in try named(value, pointer, keyword) {
                node.properties[name] = schema
            }
        case "patternProperties":
            for (name, schema) in try named(value, pointer, keyword) {
                let pattern = try pattern(.text(name), pointer, keyword)
                node.patternProperties.append((pattern, schema))
            }
        case "additionalProperties":
            node.additionalProperties = try inner(value, pointer, keyword)
        case "propertyNames": node.propertyNames = try inner(value, pointer, keyword)
        case "required": node.required = try names(value, pointer, keyword)
        case "minProperties": node.minProperties = try count(value, pointer, keyword)
        case "maxProperties": node.maxProperties = try count(value, pointer, keyword)
        case "dependentSchemas":
            node.dependentSchemas += try named(value, pointer, keyword)
        case "dependentRequired", "dependencies":
            guard case .object(let members) = value else {
                throw refused("must be an object", pointer, keyword)
            }
            let place = SchemaAddress.pointer(pointer, keyword)
            for member in members {
                let name = String(decoding: member.name, as: UTF8.self)
                if keyword == "dependencies", member.value.types != .array {
                    let schema = try inner(member.value, place, name)
                    node.dependentSchemas.append((member.name, schema))
                } else {
                    node.dependentRequired.append(
                        (member.name, try names(member.value, place, name))
                    )
                }
            }
        default: node.unevaluatedProperties = try inner(value, pointer, keyword)
        }
    }

    private func names(
        _ value: JSONValue,
        _ pointer: String,
        _ keyword: String
    ) throws -> [[UInt8]] {
        guard case .array(let values) = value else {
            throw refused("must be an array of names", pointer, keyword)
        }
        let names = try values.map { value in
            guard case .text(let name) = value else {
                throw refused("must be an array of names", pointer, keyword)
            }
            return name
        }
        guard Set(names).count == names.count else {
            throw refused("must have each name once", pointer, keyword)
        }
        return names
    }

    // MARK: - Schemas within

    private mutating func inner(
        _ value: JSONValue,
        _ pointer: String,
        _ keyword: String
    ) throws -> Int {
        try node(value, at: SchemaAddress.pointer(pointer, keyword))
    }

    private mutating func schemas(
        _ value: JSONValue,
        _ pointer: String,
        _ keyword: String
    ) throws -> [Int] {
        guard case .array(let values) = value, !values.isEmpty else {
            throw refused("must be an array of schemas, and not empty", pointer, keyword)
        }
        let place = SchemaAddress.pointer(pointer, keyword)
        var numbers: [Int] = []
        for (index, value) in values.enumerated() {
            numbers.append(try node(value, at: "\(place)/\(index)"))
        }
        return numbers
    }

    private mutating func named(
        _ value: JSONValue,
        _ pointer: String,
        _ keyword: String
    ) throws -> [(name: [UInt8], schema: Int)] {
        guard case .object(let members) = value else {
            throw refused("must be an object of schemas", pointer, keyword)
        }
        let place = SchemaAddress.pointer(pointer, keyword)
        var found: [(name: [UInt8], schema: Int)] = []
        for member in members {
            let name = String(decoding: member.name, as: UTF8.self)
            found.append((member.name, try inner(member.value, place, name)))
        }
        return found
    }
}

extension SchemaNode {
    /// Keeps the narrower of two bounds: both hold.
    mutating func narrow(by bound: SchemaBound, isLower: Bool) {
        guard let known = isLower ? minimum : maximum else {
            if isLower { minimum = bound } else { maximum = bound }
            return
        }
        let isNarrower =
            known.value == bound.value
            ? bound.isExclusive
            : isLower ? known.value < bound.value : bound.value < known.value
        guard isNarrower else { return }
        if isLower { minimum = bound } else { maximum = bound }
    }
}
