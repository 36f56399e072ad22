import Tranche

/// A schema with all that it refers to, ready to be asked; changed by nobody.
final class SchemaDocument: Sendable {
    /// All schemas of the file; they refer to each other by number.
    let nodes: [SchemaBox]
    /// The schema of a record.
    let root: Int
    /// For each part of the file with an address of its own, its dynamic anchors.
    let dynamicAnchors: [[String: Int]]
    /// For each of these parts, whether what `contains` found counts as looked at.
    let marksContained: [Bool]
    /// Whether some schema asks what others have looked at.
    let marks: Bool
    /// What two schemas share only if they are equal.
    let identity: [UInt8]

    init(
        nodes: [SchemaNode],
        root: Int,
        dynamicAnchors: [[String: Int]],
        marksContained: [Bool],
        identity: [UInt8]
    ) {
        self.nodes = nodes.map { SchemaBox($0) }
        self.root = root
        self.dynamicAnchors = dynamicAnchors
        self.marksContained = marksContained
        self.identity = identity
        marks = nodes.contains {
            $0.unevaluatedItems != nil || $0.unevaluatedProperties != nil
        }
    }

    /// Reads a schema.
    ///
    /// - Parameter json: The schema's text.
    /// - Throws: `TrancheError` `.invalidArgument`, naming the place and what is wrong with it.
    convenience init(json: String) throws {
        let value: JSONValue
        do throws(JSONValueReader.Failure) {
            value = try JSONValueReader.read(json, refusesDoubles: true)
        } catch {
            throw RecordSchema.refused(
                "it is not JSON: it \(error.message), at its byte \(error.place)"
            )
        }
        var compiler = SchemaCompiler(value)
        let root = try compiler.compile()
        try compiler.requireEnd()
        self.init(
            nodes: compiler.nodes,
            root: root,
            dynamicAnchors: compiler.resources.map(\.dynamicAnchors),
            marksContained: compiler.resources.map(\.dialect.marksContained),
            identity: value.canonical
        )
    }

    /// A schema without those that do nothing but refer to it.
    func target(of node: Int) -> Int {
        var node = node
        while let next = nodes[node].node.reference, isReferenceAlone(nodes[node].node),
            nodes[next].node.resource == nodes[node].node.resource
        {
            node = next
        }
        return node
    }

    private func isReferenceAlone(_ node: SchemaNode) -> Bool {
        !node.asksScalars && !node.asksArrays && !node.asksObjects && !node.namesMembers
            && node.dynamicReference == nil && node.allOf.isEmpty && node.anyOf.isEmpty
            && node.oneOf.isEmpty && node.not == nil && node.condition == nil
    }
}

extension JSONValueReader {
    /// Reads the one value that a text holds.
    static func read(_ text: String, refusesDoubles: Bool = false) throws(Failure) -> JSONValue {
        let bytes = Array(text.utf8)
        // `withUnsafeBufferPointer` hands errors through with their type.
        return try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            try read(bytes, refusesDoubles: refusesDoubles)
        }
    }
}

/// Holds a schema, so that it is asked without being copied.
final class SchemaBox: Sendable {
    let node: SchemaNode

    init(_ node: SchemaNode) {
        self.node = node
    }
}
