/// Where the records of some JSON begin and end.
enum JSONLayout: Sendable, Hashable {
    /// At line feeds.
    case lines
    /// Records follow a record separator each (RFC 7464).
    case sequence
    /// They are the elements of an array, the first of which begins at an offset.
    case array(start: Int64)
    /// They follow one another, and may span lines.
    case objects

    static let recordSeparator: UInt8 = 0x1E

    /// What must follow an object; `nil` where another may.
    var terminator: UInt8? {
        switch self {
        case .lines: RecordScanner.newline
        case .sequence: Self.recordSeparator
        case .array, .objects: nil
        }
    }

    /// What the content is, as part of what identifies a source's records.
    var description: String {
        switch self {
        case .lines: "json lines"
        case .sequence: "json text sequence"
        case .array: "json array"
        case .objects: "json objects"
        }
    }
}
