/// Reads a document by its keys, and collects all that is wrong.
///
/// ```swift
/// let jobs = try YAMLReader.read(document, as: .list(of: .mapping { job in
///     guard let name = job.require("name", .text) else { return nil }
///     return Job(name: name, every: job.read("every", .duration) ?? .seconds(60))
/// }))
/// ```
package enum YAMLReader {
    /// Reads a document.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - kind: What its root has to be.
    /// - Returns: The value.
    /// - Throws: ``YAMLFaults`` with all faults of the document.
    package static func read<Value>(
        _ document: YAMLDocument,
        as kind: FieldKind<Value>
    ) throws(YAMLFaults) -> Value {
        let faults = FaultCollector(file: document.file)
        let value = kind.convert(FieldPlace(node: document.root, path: "", faults: faults))
        if let value, faults.all.isEmpty { return value }
        if faults.all.isEmpty {
            // A conversion that gives up has to say why; without it, this is what can be said.
            faults.add("this is not \(kind.name)", at: document.root.mark, path: "")
        }
        throw YAMLFaults(faults.all)
    }
}

/// The faults of a document while it is read.
package final class FaultCollector {
    /// The file's name.
    package let file: String
    /// The faults so far.
    package private(set) var all: [YAMLError] = []

    init(file: String) {
        self.file = file
    }

    /// Adds a fault; one that is there already, as of an alias, counts once.
    package func add(_ message: String, at mark: YAMLMark, path: String) {
        let error = YAMLError(message, file: file, at: mark, path: path)
        let isKnown = all.contains {
            $0.line == error.line && $0.column == error.column && $0.message == message
        }
        // Who has a hundred faults looks at the first ones; and looking for equals stays cheap.
        if !isKnown, all.count < 100 { all.append(error) }
    }
}

/// A value on the way to its type.
package struct FieldPlace {
    /// The value.
    package let node: YAMLNode
    /// Its path as a JSON pointer; empty for the root.
    package let path: String
    /// Where faults go.
    package let faults: FaultCollector

    /// Says what is wrong with the value.
    package func fault(_ message: String) {
        faults.add(message, at: node.mark, path: path)
    }

    /// A value within this one.
    package func child(_ key: String, _ node: YAMLNode) -> FieldPlace {
        FieldPlace(node: node, path: "\(path)/\(Self.escaped(key))", faults: faults)
    }

    /// A key as a part of a JSON pointer.
    static func escaped(_ key: String) -> String {
        String(key.flatMap { $0 == "~" ? Array("~0") : $0 == "/" ? Array("~1") : [$0] })
    }
}
