/// A fault at one place of a YAML file.
public struct YAMLError: Error, Sendable, Hashable {
    /// The fault and the remedy, as a sentence without a full stop.
    public let message: String
    /// The name of the file, as it was given.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in Unicode scalars, from 1.
    public let column: Int
    /// The path of the value as a JSON pointer, such as `/jobs/load/source`; `nil` for a fault of
    /// the text itself.
    public let path: String?

    /// Names a fault.
    public init(_ message: String, file: String, at mark: YAMLMark, path: String? = nil) {
        self.message = message
        self.file = file
        line = mark.line
        column = mark.column
        self.path = path
    }
}

extension YAMLError: CustomStringConvertible {
    /// The fault as compilers write it, `file:line:column: message`; the path comes before the
    /// message where there is one.
    public var description: String {
        let place = path.map { $0.isEmpty ? "" : "\($0): " } ?? ""
        return "\(file):\(line):\(column): \(place)\(message)"
    }
}

/// All that is wrong in a YAML file.
public struct YAMLFaults: Error, Sendable, Hashable, CustomStringConvertible {
    /// The faults in the order of their places; at least one.
    public let faults: [YAMLError]

    /// Takes the faults in any order.
    init(_ faults: [YAMLError]) {
        self.faults = faults.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    /// The faults, one on each line.
    public var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}
