/// What a schema says of a field's type, by itself and by what it refers to.
struct FieldTypes {
    let document: SchemaDocument
    private var known: [Int: JSONTypes] = [:]

    init(_ document: SchemaDocument) {
        self.document = document
    }

    /// The types that a value may have that meets a schema; some of them may be ruled out by what
    /// else it says.
    mutating func types(of schema: Int, depth: Int = 0) -> JSONTypes {
        if let types = known[schema] { return types }
        // A chain of references this long says nothing here; the evaluator follows it.
        guard depth < 200 else { return .all }
        let node = document.nodes[schema].node
        var types = node.types ?? .all
        if node.verdict == false { types = [] }
        for choice in node.choices {
            types.formIntersection(choice.values.reduce(into: []) { $0.formUnion($1.types) })
        }
        for schema in node.always {
            types.formIntersection(self.types(of: schema, depth: depth + 1))
        }
        for schemas in [node.anyOf, node.oneOf] where !schemas.isEmpty {
            var union: JSONTypes = []
            for schema in schemas { union.formUnion(self.types(of: schema, depth: depth + 1)) }
            types.formIntersection(union)
        }
        known[schema] = types
        return types
    }

    /// The formats that a schema asks of texts.
    func formats(of schema: Int) -> Set<TextFormat> {
        Set(reach(schema) { $0.always + $0.anyOf + $0.oneOf }.compactMap { $0.node.format })
    }

    /// Whether a schema names numbers or truth values that a text may spell.
    func namesScalars(_ schema: Int) -> Bool {
        let scalars: JSONTypes = [.boolean, .integer, .number]
        return reach(schema) { $0.always + $0.anyOf + $0.oneOf }.contains { box in
            box.node.choices.contains { choice in
                choice.values.contains { !$0.types.isDisjoint(with: scalars) }
            }
        }
    }

    /// The schemas that a field of a record must meet whatever else the record holds.
    ///
    /// - Parameters:
    ///   - name: The field.
    ///   - schema: The schema of the record.
    /// - Returns: Their numbers; empty where nothing is said of the field.
    /// - Throws: ``Undecided``.
    func schemas(for name: String, in schema: Int) throws(Undecided) -> [Int] {
        try members(name, of: reach(schema) { $0.always })
    }

    /// The schemas that a field must meet, some of them only if the record meets a condition.
    ///
    /// - Parameters:
    ///   - name: The field.
    ///   - schema: The schema of the record.
    /// - Returns: Their numbers; empty where nothing is said of the field.
    /// - Throws: ``Undecided``.
    func conditional(for name: String, in schema: Int) throws(Undecided) -> [Int] {
        let reached = reach(schema) { node in
            node.always + node.anyOf + node.oneOf + node.dependentSchemas.map(\.schema)
                + [node.condition?.then, node.condition?.otherwise].compactMap { $0 }
        }
        return try members(name, of: reached)
    }

    /// The members that every record must have.
    func required(in schema: Int) -> Set<[UInt8]> {
        Set(reach(schema) { $0.always }.flatMap(\.node.required))
    }

    /// Whether a record may not have a member of a name at all.
    func forbids(_ name: String, in schema: Int) throws(Undecided) -> Bool {
        try schemas(for: name, in: schema).contains {
            document.nodes[document.target(of: $0)].node.verdict == false
        }
    }

    // MARK: - Ways

    /// The schemas that are reached from one, each once, and that one itself.
    private func reach(_ schema: Int, _ next: (SchemaNode) -> [Int]) -> [SchemaBox] {
        var seen: Set = [schema]
        var open = [schema]
        var reached: [SchemaBox] = []
        while let schema = open.popLast() {
            let box = document.nodes[schema]
            reached.append(box)
            for inner in next(box.node) where seen.insert(inner).inserted { open.append(inner) }
        }
        return reached
    }

    /// What schemas themselves say of a member.
    private func members(_ name: String, of boxes: [SchemaBox]) throws(Undecided) -> [Int] {
        let bytes = Array(name.utf8)
        let room = PatternRoom()
        var schemas: [Int] = []
        for box in boxes {
            let before = schemas.count
            if let schema = box.node.properties[bytes] { schemas.append(schema) }
            for (pattern, schema) in box.node.patternProperties {
                let isHit = try bytes.withUnsafeBufferPointer { bytes throws(Undecided) in
                    try pattern.matches(bytes, room)
                }
                if isHit { schemas.append(schema) }
            }
            if schemas.count == before, let schema = box.node.additionalProperties {
                schemas.append(schema)
            }
        }
        return schemas
    }
}
