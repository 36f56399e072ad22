/// Builds the value of a document from the parser's events.
struct YAMLComposer: ~Copyable {
    private let parser: YAMLParserHandle
    private let text: ArraySlice<UInt8>
    private let file: String
    private let limits: YAMLLimits
    private var anchors: [String: Anchored] = [:]
    /// The anchors whose values are not complete.
    private var open: Set<String> = []
    /// All that came so far, aliases replaced by what they name.
    private var total = Weight()

    /// A value that aliases may name.
    private struct Anchored {
        let node: YAMLNode
        let weight: Weight
        let height: Int
    }

    private struct Weight {
        var nodes = 0
        var bytes = 0
    }

    /// A value and how many levels of lists and mappings it has.
    private struct Built {
        let node: YAMLNode
        let height: Int
    }

    init(
        parser: consuming YAMLParserHandle,
        text: ArraySlice<UInt8>,
        file: String,
        limits: YAMLLimits
    ) {
        self.parser = parser
        self.text = text
        self.file = file
        self.limits = limits
    }

    /// The document's value; `nil` when there is none.
    mutating func compose() throws(YAMLError) -> YAMLNode? {
        var root: YAMLNode?
        var documents = 0
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd: return root
            case .other: continue
            case .documentStart:
                documents += 1
                guard documents == 1 else {
                    throw fault(
                        "a second document begins here; a file has one, so take the '---' out "
                            + "or write two files",
                        at: event.mark
                    )
                }
            default:
                let node = try build(event, depth: 0).node
                // Nothing behind `---` is an empty file too.
                if case .scalar(let scalar) = node.value, scalar.text.isEmpty, scalar.isPlain {
                    continue
                }
                root = node
            }
        }
    }

    private func next() throws(YAMLError) -> YAMLEvent {
        if let event = parser.next() { return event }
        throw YAMLProblem(fault: parser.fault, text: text, file: file).error
    }

    private func fault(_ message: String, at mark: YAMLMark) -> YAMLError {
        YAMLError(message, file: file, at: mark)
    }

    /// Builds the value that begins with an event.
    private mutating func build(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Built {
        if let tag = event.tag {
            throw fault(
                "tags such as '\(tag.prefix(40))' are not supported; take it out, and put a "
                    + "text that looks like a number in quotes",
                at: event.mark
            )
        }
        if case .alias(let name) = event.kind {
            return try follow(name, at: event.mark, depth: depth)
        }
        let before = total
        if let anchor = event.anchor {
            anchors[anchor] = nil
            open.insert(anchor)
        }
        let built = try buildContent(event, depth: depth)
        if let anchor = event.anchor {
            open.remove(anchor)
            let weight = Weight(
                nodes: total.nodes - before.nodes,
                bytes: total.bytes - before.bytes
            )
            anchors[anchor] = Anchored(node: built.node, weight: weight, height: built.height)
        }
        return built
    }

    private mutating func buildContent(
        _ event: YAMLEvent,
        depth: Int
    ) throws(YAMLError) -> Built {
        switch event.kind {
        case .scalar(let scalar):
            try count(Weight(nodes: 1, bytes: scalar.text.utf8.count), at: event.mark)
            return Built(node: YAMLNode(mark: event.mark, value: .scalar(scalar)), height: 0)
        case .sequenceStart:
            try count(Weight(nodes: 1), at: event.mark)
            try checkDepth(depth + 1, at: event.mark)
            return try buildSequence(at: event.mark, depth: depth + 1)
        case .mappingStart:
            try count(Weight(nodes: 1), at: event.mark)
            try checkDepth(depth + 1, at: event.mark)
            return try buildMapping(at: event.mark, depth: depth + 1)
        default:
            throw fault("a value is expected here", at: event.mark)
        }
    }

    private mutating func buildSequence(at mark: YAMLMark, depth: Int) throws(YAMLError) -> Built {
        var items: [YAMLNode] = []
        var height = 0
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { break }
            let item = try build(event, depth: depth)
            height = max(height, item.height)
            items.append(item.node)
        }
        return Built(node: YAMLNode(mark: mark, value: .sequence(items)), height: height + 1)
    }

    private mutating func buildMapping(at mark: YAMLMark, depth: Int) throws(YAMLError) -> Built {
        var entries = YAMLEntries(file: file)
        var height = 0
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            let key = try buildKey(event, depth: depth)
            let value = try build(try next(), depth: depth)
            height = max(height, value.height)
            if key == YAMLScalar(text: "<<", isPlain: true) {
                try entries.merge(value.node, at: event.mark)
            } else {
                try entries.add(key.text, value.node, at: event.mark)
            }
        }
        return Built(
            node: YAMLNode(mark: mark, value: .mapping(entries.all)),
            height: height + 1
        )
    }

    private mutating func buildKey(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> YAMLScalar {
        let node = try build(event, depth: depth).node
        guard case .scalar(let key) = node.value else {
            throw fault(
                "a key is a text, and this is \(node.kindName); put it in quotes if you mean "
                    + "a text",
                at: event.mark
            )
        }
        guard !key.text.isEmpty || !key.isPlain else {
            throw fault("the key before ':' is missing", at: event.mark)
        }
        return key
    }

    private mutating func follow(
        _ name: String,
        at mark: YAMLMark,
        depth: Int
    ) throws(YAMLError) -> Built {
        if open.contains(name) {
            throw fault("the alias '*\(name)' stands within the value that it names", at: mark)
        }
        guard let anchored = anchors[name] else {
            throw fault(
                "there is no '&\(name)' before the alias '*\(name)'; a text that begins with "
                    + "'*' needs quotes",
                at: mark
            )
        }
        try count(anchored.weight, at: mark)
        try checkDepth(depth + anchored.height, at: mark)
        return Built(node: anchored.node, height: anchored.height)
    }

    private mutating func count(_ weight: Weight, at mark: YAMLMark) throws(YAMLError) {
        // Each weight is below the limits, so that the sums are far from what an Int holds.
        total.nodes += weight.nodes
        total.bytes += weight.bytes
        guard total.nodes <= limits.nodes, total.bytes <= limits.expandedBytes else {
            throw fault(
                "the document has more than \(limits.nodes) values or \(limits.expandedBytes) "
                    + "bytes of text once its aliases are replaced; use fewer aliases",
                at: mark
            )
        }
    }

    private func checkDepth(_ depth: Int, at mark: YAMLMark) throws(YAMLError) {
        let limit = min(limits.depth, 500)
        guard depth <= limit else {
            throw fault("lists and mappings nest deeper than \(limit) levels", at: mark)
        }
    }
}
