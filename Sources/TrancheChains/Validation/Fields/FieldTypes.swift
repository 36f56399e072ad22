/// What a schema says of a field's type, by itself and by what it refers to.
struct FieldTypes {
    let document: SchemaDocument
    private var known: [Int: JSONTypes] = [:]

    init(_ document: SchemaDocument) {
        self.document = document
    }

    /// The types that a value may have that meets a schema; some of them may be ruled out by what else it says.
    mutating func types(of schema: Int) -> JSONTypes {
        if let types = known[schema] { return types }
        let node = document.nodes[schema].node
        var types = node.types ?? .all
        if node.verdict == false { types = [] }
        for choice in node.choices {
            types.formIntersection(choice.values.reduce(into: []) { $0.formUnion($1.types) })
        }
        if let reference = node.reference { types.formIntersection(self.types(of: reference)) }
        for schema in node.allOf { types.formIntersection(self.types(of: schema)) }
        for schemas in [node.anyOf, node.oneOf] where !schemas.isEmpty {
            var union: JSONTypes = []
            for schema in schemas { union.formUnion(self.types(of: schema)) }
            types.formIntersection(union)
        }
        known[schema] = types
        return types
    }

    /// The formats that a schema asks of texts.
    func formats(of schema: Int) -> Set<TextFormat> {
        let node = document.nodes[schema].node
        var formats: Set<TextFormat> = []
        if let format = node.format { formats.insert(format) }
        for inner in [node.reference].compactMap({ $0 }) + node.allOf + node.anyOf + node.oneOf {
            formats.formUnion(self.formats(of: inner))
        }
        return formats
    }

    /// The schemas that a field of a record must meet whatever else the record holds.
    ///
    /// - Parameters:
    ///   - name: The field.
    ///   - schema: The schema of the record.
    /// - Returns: Their numbers; empty where nothing is said of the field.
    /// - Throws: ``Undecided``.
    func schemas(for name: String, in schema: Int) throws(Undecided) -> [Int] {
        let node = document.nodes[schema].node
        var schemas = try own(name, schema)
        for inner in [node.reference].compactMap({ $0 }) + node.allOf {
            schemas += try self.schemas(for: name, in: inner)
        }
        return schemas
    }

    /// What a schema itself says of a member.
    private func own(_ name: String, _ schema: Int) throws(Undecided) -> [Int] {
        let node = document.nodes[schema].node
        let bytes = Array(name.utf8)
        var schemas: [Int] = []
        if let schema = node.properties[bytes] { schemas.append(schema) }
        let room = PatternRoom()
        for (pattern, schema) in node.patternProperties {
            let isHit = try bytes.withUnsafeBufferPointer { bytes throws(Undecided) in
                try pattern.matches(bytes, room)
            }
            if isHit { schemas.append(schema) }
        }
        if schemas.isEmpty, let schema = node.additionalProperties { schemas.append(schema) }
        return schemas
    }

    /// The schemas that a field must meet only if the record meets a condition.
    func conditional(for name: String, in schema: Int) throws(Undecided) -> [Int] {
        let node = document.nodes[schema].node
        let conditions =
            node.anyOf + node.oneOf + node.dependentSchemas.map(\.schema)
            + [node.condition?.then, node.condition?.otherwise].compactMap { $0 }
        var schemas: [Int] = []
        for inner in conditions {
            schemas += try self.schemas(for: name, in: inner)
            schemas += try conditional(for: name, in: inner)
        }
        for inner in [node.reference].compactMap({ $0 }) + node.allOf {
            schemas += try conditional(for: name, in: inner)
        }
        return schemas
    }

    /// The members that every record must have.
    func required(in schema: Int) -> Set<[UInt8]> {
        let node = document.nodes[schema].node
        var names = Set(node.required)
        for inner in [node.reference].compactMap({ $0 }) + node.allOf {
            names.formUnion(required(in: inner))
        }
        return names
    }

    /// Whether a record may not have a member of a name at all.
    func forbids(_ name: String, in schema: Int) throws(Undecided) -> Bool {
        try schemas(for: name, in: schema).contains {
            document.nodes[document.target(of: $0)].node.verdict == false
        }
    }
}
