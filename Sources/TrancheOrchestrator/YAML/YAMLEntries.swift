/// The keys and values of a mapping while they are read.
struct YAMLEntries {
    private let file: String
    private var own: [YAMLEntry] = []
    private var places: [String: YAMLMark] = [:]
    private var merged: [YAMLEntry] = []
    private var mergeMark: YAMLMark?

    init(file: String) {
        self.file = file
    }

    /// The mapping's own keys in order, then those merged into it that it has not itself.
    var all: [YAMLEntry] {
        var known = Set(places.keys)
        return own + merged.filter { known.insert($0.key).inserted }
    }

    mutating func add(
        _ key: String,
        _ value: YAMLNode,
        at mark: YAMLMark
    ) throws(YAMLError) {
        if let first = places.updateValue(mark, forKey: key) {
            throw twice("'\(key)'", first, "rename or remove one of them", at: mark)
        }
        own.append(YAMLEntry(key: key, mark: mark, value: value))
    }

    /// Takes what a merge key names: a mapping, or a list of mappings of which the earlier wins.
    mutating func merge(_ node: YAMLNode, at mark: YAMLMark) throws(YAMLError) {
        if let first = mergeMark {
            throw twice("'<<'", first, "write '<<: [*one, *two]'", at: mark)
        }
        mergeMark = mark
        var sources = [node]
        if case .sequence(let items) = node.value { sources = items }
        for source in sources {
            guard case .mapping(let entries) = source.value else {
                throw YAMLError(
                    "'<<' merges a mapping or a list of mappings, such as '<<: *base'; put '<<' "
                        + "in quotes if you mean a key of that name",
                    file: file,
                    at: mark
                )
            }
            merged += entries
        }
    }

    private func twice(
        _ what: String,
        _ first: YAMLMark,
        _ advice: String,
        at mark: YAMLMark
    ) -> YAMLError {
        YAMLError(
            "the key \(what) is there already, at line \(first.line), column \(first.column); "
                + advice,
            file: file,
            at: mark
        )
    }
}
