import FoundationEssentials
import Tranche

/// Makes a schema ready: checks all that stands in it, and finds what it refers to.
struct SchemaCompiler {
    /// A part of the file with an address of its own.
    struct Resource {
        /// Where it begins: a JSON pointer.
        let pointer: String
        let address: String
        let dialect: SchemaDialect
        /// Pointers by anchor.
        var anchors: [String: String] = [:]
        var dynamicNames: Set<String> = []
        /// Schemas by dynamic anchor.
        var dynamicAnchors: [String: Int] = [:]
    }

    private let document: JSONValue
    private(set) var nodes: [SchemaNode] = []
    var resources: [Resource] = []
    private var places: [String: Int] = [:]
    private var scanned: Set<String> = []
    /// References that are still to be followed: one by one, since chains of them may be long.
    var pending: [(node: Int, keyword: String, address: JSONValue)] = []

    init(_ document: JSONValue) {
        self.document = document
    }

    /// Reads the whole schema.
    ///
    /// - Returns: The number of its outermost.
    mutating func compile() throws -> Int {
        try scan(document, at: "")
        let root = try node(document, at: "")
        for place in resources.indices {
            for name in resources[place].dynamicNames {
                guard let pointer = resources[place].anchors[name] else { continue }
                resources[place].dynamicAnchors[name] = try node(at: pointer)
            }
        }
        while let next = pending.popLast() {
            let pointer = nodes[next.node].pointer
            let (target, anchor) = try resolve(next.address, from: pointer, next.keyword)
            if next.keyword == "$ref" {
                nodes[next.node].reference = target
            } else {
                nodes[next.node].dynamicReference = (anchor ?? "", target)
            }
        }
        return root
    }

    // MARK: - Addresses

    /// Looks for addresses and anchors in a schema and all within it.
    private mutating func scan(_ value: JSONValue, at pointer: String) throws {
        guard scanned.insert(pointer).inserted else { return }
        guard case .object(let members) = value else {
            if resources.isEmpty {
                resources.append(Resource(pointer: "", address: "", dialect: .draft2020))
            }
            return
        }
        try addResource(value, at: pointer)
        let place = resource(of: pointer)
        let dialect = resources[place].dialect
        for keyword in ["$anchor", "$dynamicAnchor"] {
            guard let anchor = value[keyword] else { continue }
            guard let name = anchor.string, !name.isEmpty else {
                throw refused("must be a name", pointer, keyword)
            }
            guard resources[place].anchors.updateValue(pointer, forKey: name) == nil else {
                throw refused("'\(name)' names another schema, too", pointer, keyword)
            }
            if keyword == "$dynamicAnchor" { resources[place].dynamicNames.insert(name) }
        }
        if dialect.ignoresSiblings, value["$ref"] != nil, pointer != "" { return }
        for member in members {
            let name = String(decoding: member.name, as: UTF8.self)
            let inner = SchemaAddress.pointer(pointer, name)
            switch (SchemaKeyword.shape(of: name), member.value) {
            case (.schema?, _): try scan(member.value, at: inner)
            case (.schemas?, .array(let values)), (.schemaOrSchemas?, .array(let values)):
                for (index, value) in values.enumerated() {
                    try scan(value, at: "\(inner)/\(index)")
                }
            case (.schemaOrSchemas?, _): try scan(member.value, at: inner)
            case (.named?, .object(let members)):
                for member in members {
                    let name = String(decoding: member.name, as: UTF8.self)
                    try scan(member.value, at: SchemaAddress.pointer(inner, name))
                }
            default: break
            }
        }
    }

    /// Adds the part of the file that begins with a schema, if one does.
    private mutating func addResource(_ value: JSONValue, at pointer: String) throws {
        var dialect = resources.isEmpty ? .draft2020 : resources[resource(of: pointer)].dialect
        if let address = value["$schema"] {
            guard let known = address.string.flatMap({ SchemaDialect(address: $0) }) else {
                throw refused(
                    "\(address) is not an edition of JSON Schema that is known here",
                    pointer,
                    "$schema"
                )
            }
            dialect = known
        }
        let base = resources.isEmpty ? "" : resources[resource(of: pointer)].address
        guard let address = value[dialect.identifier],
            !dialect.ignoresSiblings || value["$ref"] == nil
        else {
            if resources.isEmpty {
                resources.append(Resource(pointer: pointer, address: base, dialect: dialect))
            }
            return
        }
        guard let text = address.string else {
            throw refused("must be an address", pointer, dialect.identifier)
        }
        let (path, fragment) = SchemaAddress.parts(text)
        guard fragment.isEmpty || dialect.ignoresSiblings else {
            throw refused("must have nothing behind '#'", pointer, dialect.identifier)
        }
        let whole = SchemaAddress.resolve(path, against: base)
        // Generators say by such a fragment where the schema stands, which names nothing new.
        let isPlace = fragment.hasPrefix("/")
        if resources.isEmpty || !path.isEmpty && !(isPlace && whole == base) {
            resources.append(Resource(pointer: pointer, address: whole, dialect: dialect))
        }
        if !fragment.isEmpty, !isPlace {
            resources[resource(of: pointer)].anchors[fragment] = pointer
        }
    }

    /// The innermost part of the file that a place belongs to.
    private func resource(of pointer: String) -> Int {
        let around = resources.indices.filter {
            let start = resources[$0].pointer
            return pointer == start || pointer.hasPrefix(start + "/")
        }
        return around.max { resources[$0].pointer.count < resources[$1].pointer.count } ?? 0
    }

    /// The schema that a reference names.
    ///
    /// - Parameters:
    ///   - reference: The address.
    ///   - pointer: The schema that refers.
    ///   - keyword: By what it does.
    /// - Returns: The schema's number, and the dynamic anchor by which it was named.
    /// - Throws: `TrancheError` `.invalidArgument` when there is none in the file.
    mutating func resolve(
        _ reference: JSONValue,
        from pointer: String,
        _ keyword: String
    ) throws -> (schema: Int, anchor: String?) {
        guard let text = reference.string else {
            throw refused("must be an address", pointer, keyword)
        }
        func missing() -> TrancheError {
            refused(
                "'\(text)' is not in this file; only what is can be referred to",
                pointer,
                keyword
            )
        }
        let (path, fragment) = SchemaAddress.parts(text)
        let address = SchemaAddress.resolve(
            path,
            against: resources[resource(of: pointer)].address
        )
        guard let place = resources.firstIndex(where: { $0.address == address }),
            let name = fragment.percentDecoded
        else { throw missing() }
        if name.isEmpty || name.hasPrefix("/") {
            let target = resources[place].pointer + name
            if let known = places[target] { return (known, nil) }
            guard let node = try? find(target) else { throw missing() }
            return (try self.node(node, at: target), nil)
        }
        guard let target = resources[place].anchors[name] else { throw missing() }
        return (
            try node(at: target), resources[place].dynamicNames.contains(name) ? name : nil
        )
    }

    /// The value at a place of the file.
    private func find(_ pointer: String) throws -> JSONValue {
        var value = document
        for name in SchemaAddress.names(of: pointer) ?? [] {
            let inner: JSONValue?
            switch value {
            case .array(let values):
                inner = Int(name).flatMap { values.indices.contains($0) ? values[$0] : nil }
            default: inner = value[name]
            }
            guard let inner else { throw refused("there is nothing", pointer, nil) }
            value = inner
        }
        return value
    }

    // MARK: - Schemas

    private mutating func node(at pointer: String) throws -> Int {
        try node(try find(pointer), at: pointer)
    }

    /// Reads a schema, once.
    ///
    /// - Returns: Its number.
    mutating func node(_ value: JSONValue, at pointer: String) throws -> Int {
        if let known = places[pointer] { return known }
        try scan(value, at: pointer)
        let number = nodes.count
        places[pointer] = number
        var node = SchemaNode(pointer: pointer)
        node.resource = resource(of: pointer)
        nodes.append(node)
        switch value {
        case .boolean(let verdict): node.verdict = verdict
        case .object(var members):
            if resources[node.resource].dialect.ignoresSiblings, value["$ref"] != nil {
                members.removeAll {
                    !["$ref", "definitions", "$schema"].contains(
                        String(decoding: $0.name, as: UTF8.self)
                    )
                }
            }
            for member in members {
                let keyword = String(decoding: member.name, as: UTF8.self)
                if keyword == "$ref" || keyword == "$dynamicRef" {
                    pending.append((number, keyword, member.value))
                } else {
                    try read(keyword, member.value, of: value, into: &node)
                }
            }
        default: throw refused("must be a schema: an object, or true or false", pointer, nil)
        }
        nodes[number] = node
        return number
    }

    func dialect(_ resource: Int) -> SchemaDialect { resources[resource].dialect }

    func refused(_ reason: String, _ pointer: String, _ keyword: String?) -> TrancheError {
        let place = keyword.map { SchemaAddress.pointer(pointer, $0) } ?? pointer
        return RecordSchema.refused((place.isEmpty ? "" : "at '\(place)': ") + reason)
    }

    /// Checks that no schema refers to itself for the same value, so that the question ends.
    func requireEnd() throws {
        var state = [UInt8](repeating: 0, count: nodes.count)
        for start in nodes.indices where state[start] == 0 {
            // Depth first, with a list of one's own: chains of references may be long.
            var stack: [(node: Int, next: [Int])] = [(start, nodes[start].inPlace)]
            state[start] = 1
            while let (node, next) = stack.last {
                guard let inner = next.last else {
                    state[node] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next.removeLast()
                if state[inner] == 1 {
                    throw refused(
                        "refers to itself for the same value, without an end",
                        nodes[node].pointer,
                        nil
                    )
                }
                if state[inner] == 0 {
                    state[inner] = 1
                    stack.append((inner, nodes[inner].inPlace))
                }
            }
        }
    }
}
