/// A place in a text.
public struct YAMLMark: Sendable, Hashable, Comparable {
    /// The line, from 1.
    public let line: Int
    /// The column in Unicode scalars, from 1.
    public let column: Int

    /// Names a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Whether a place comes before another.
    public static func < (first: YAMLMark, second: YAMLMark) -> Bool {
        (first.line, first.column) < (second.line, second.column)
    }
}
