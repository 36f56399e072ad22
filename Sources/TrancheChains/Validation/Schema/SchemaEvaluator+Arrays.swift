extension SchemaEvaluator {
    /// Whether an array meets what a schema says of arrays.
    func meetsArrays(
        _ box: SchemaBox,
        _ values: [JSONValue],
        _ array: JSONValue,
        _ marks: inout Marks
    ) throws(Undecided) -> Bool {
        guard box.node.asksArrays else { return true }
        var isMet = meetsCounts(box.node, values, array)
        let prefix = box.node.prefixItems
        for place in 0..<min(prefix.count, values.count) where isMet || collects {
            isMet = try within("\(place)", prefix[place], values[place]) && isMet
            mark(place, &marks)
        }
        if let items = box.node.items {
            for place in min(prefix.count, values.count)..<values.count where isMet || collects {
                isMet = try within("\(place)", items, values[place]) && isMet
                mark(place, &marks)
            }
        }
        if isMet || collects { isMet = try meetsContains(box, values, array, &marks) && isMet }
        if let rest = box.node.unevaluatedItems {
            for place in values.indices where isMet || collects {
                if marks.places.contains(place) { continue }
                isMet = try within("\(place)", rest, values[place]) && isMet
                mark(place, &marks)
            }
        }
        return isMet
    }

    func mark(_ place: Int, _ marks: inout Marks) {
        if document.marks { marks.places.insert(place) }
    }

    private func meetsCounts(
        _ node: SchemaNode,
        _ values: [JSONValue],
        _ array: JSONValue
    ) -> Bool {
        var isMet = true
        if values.count < node.minItems {
            complain("must have at least \(node.minItems) items", array)
            isMet = false
        }
        if values.count > node.maxItems {
            complain("must have at most \(node.maxItems) items", array)
            isMet = false
        }
        if node.hasUniqueItems, Set(values.map(\.canonical)).count < values.count {
            complain("must have each item once", array)
            isMet = false
        }
        return isMet
    }

    private func meetsContains(
        _ box: SchemaBox,
        _ values: [JSONValue],
        _ array: JSONValue,
        _ marks: inout Marks
    ) throws(Undecided) -> Bool {
        guard let contains = box.node.contains else { return true }
        var hits = 0
        for place in values.indices {
            let isHit = try quietly { () throws(Undecided) in
                try within("\(place)", contains, values[place])
            }
            guard isHit else { continue }
            hits += 1
            if document.marksContained[box.node.resource] { mark(place, &marks) }
        }
        let (least, most) = (box.node.minContains, box.node.maxContains)
        if hits >= least, hits <= most { return true }
        complain(
            hits < least
                ? "must have at least \(least) items as \"contains\" says, and has \(hits)"
                : "must have at most \(most) items as \"contains\" says, and has \(hits)",
            array
        )
        return false
    }
}
