extension SchemaEvaluator {
    /// Whether an object meets what a schema says of objects.
    func meetsObjects(
        _ box: SchemaBox,
        _ members: [JSONValue.Member],
        _ object: JSONValue,
        _ marks: inout Marks
    ) throws(Undecided) -> Bool {
        var isMet = true
        if box.node.namesMembers {
            isMet = meetsRequired(box.node.required, members, because: nil)
            for place in members.indices where isMet || collects {
                isMet = try meetsMember(box, members[place], place, &marks) && isMet
            }
        }
        guard box.node.asksObjects, isMet || collects else { return isMet }
        isMet = meetsCounts(box.node, members, object) && isMet
        if let names = box.node.propertyNames {
            for member in members where isMet || collects {
                isMet = try meetsName(names, member) && isMet
            }
        }
        for (name, others) in box.node.dependentRequired where has(name, members) {
            isMet = meetsRequired(others, members, because: name) && isMet
        }
        for (name, schema) in box.node.dependentSchemas where has(name, members) {
            if isMet || collects { isMet = try evaluate(schema, object, &marks) && isMet }
        }
        if let rest = box.node.unevaluatedProperties {
            for place in members.indices where isMet || collects {
                if marks.places.contains(place) { continue }
                isMet = try within(members[place].words, rest, members[place].value) && isMet
                mark(place, &marks)
            }
        }
        return isMet
    }

    private func has(_ name: [UInt8], _ members: [JSONValue.Member]) -> Bool {
        members.contains { $0.name == name }
    }

    private func meetsRequired(
        _ names: [[UInt8]],
        _ members: [JSONValue.Member],
        because reason: [UInt8]?
    ) -> Bool {
        var isMet = true
        for name in names where !has(name, members) {
            let words =
                reason.map { " where there is '\(String(decoding: $0, as: UTF8.self))'" } ?? ""
            complain("is required\(words) and is absent", nil, at: name)
            isMet = false
        }
        return isMet
    }

    private func meetsMember(
        _ box: SchemaBox,
        _ member: JSONValue.Member,
        _ place: Int,
        _ marks: inout Marks
    ) throws(Undecided) -> Bool {
        var isMet = true
        var isKnown = false
        if let schema = box.node.properties[member.name] {
            isKnown = true
            isMet = try within(member.words, schema, member.value)
        }
        for (pattern, schema) in box.node.patternProperties {
            let isHit = try member.name.withUnsafeBufferPointer { name throws(Undecided) in
                try pattern.matches(name, room)
            }
            guard isHit else { continue }
            isKnown = true
            isMet = try within(member.words, schema, member.value) && isMet
        }
        if !isKnown, let schema = box.node.additionalProperties {
            isKnown = true
            isMet = try within(member.words, schema, member.value) && isMet
        }
        if isKnown { mark(place, &marks) }
        return isMet
    }

    private func meetsCounts(
        _ node: SchemaNode,
        _ members: [JSONValue.Member],
        _ object: JSONValue
    ) -> Bool {
        var isMet = true
        if members.count < node.minProperties {
            complain("must have at least \(node.minProperties) members", object)
            isMet = false
        }
        if members.count > node.maxProperties {
            complain("must have at most \(node.maxProperties) members", object)
            isMet = false
        }
        return isMet
    }

    private func meetsName(_ schema: Int, _ member: JSONValue.Member) throws(Undecided) -> Bool {
        let isMet = try quietly { () throws(Undecided) in
            var none = Marks()
            return try evaluate(schema, .text(member.name), &none)
        }
        if !isMet { complain("has a name that the schema does not allow", nil, at: member.name) }
        return isMet
    }
}

extension JSONValue.Member {
    /// The name as text.
    var words: String { String(decoding: name, as: UTF8.self) }
}
