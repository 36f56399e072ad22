/// Looks for what a member that blames items begins with, `"bad`, in a text that comes in pieces.
package struct BlameMark: Sendable {
    private static let mark = Array(#""bad"#.utf8)

    /// How much of the mark the last bytes were.
    private var matched = 0
    /// Whether it was found.
    private(set) var isFound = false

    /// Has looked at nothing yet.
    init() {}

    /// Looks at the next piece; nothing is copied for it.
    mutating func look(at piece: some Sequence<UInt8>) {
        guard !isFound else { return }
        for byte in piece {
            // Its first byte is in it once, so that a match which fails begins anew.
            matched = byte == Self.mark[matched] ? matched + 1 : byte == Self.mark[0] ? 1 : 0
            if matched == Self.mark.count {
                isFound = true
                return
            }
        }
    }

    /// Whether a whole text has it.
    package static func isFound(in text: some Sequence<UInt8>) -> Bool {
        var mark = BlameMark()
        mark.look(at: text)
        return mark.isFound
    }
}
