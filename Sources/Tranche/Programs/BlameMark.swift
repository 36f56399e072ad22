/// Looks for a member that blames items, `bad` or `bad_ids` with a list or an object, in the
/// outermost object of a text that comes in pieces.
///
/// The text need not be sound JSON. Where its quotes do not come in pairs, what a blame begins with
/// is enough, wherever it stands: none is to be lost without a word.
package struct BlameMark: Sendable {
    private static let names = [Array("bad".utf8), Array("bad_ids".utf8)]
    private static let start = Array(#""bad"#.utf8)
    private static let quote = UInt8(ascii: "\"")

    /// How many objects and lists are open.
    private var depth = 0
    private var isInText = false
    private var isEscaped = false
    /// The last byte outside of texts that is no blank.
    private var last: UInt8 = 0
    /// What is read of a text that may be the name of a member of the outermost object; `nil` for
    /// others, and for longer ones.
    private var name: [UInt8]?
    /// Whether such a name was the last text.
    private var isNamed = false
    /// How much of the start the last bytes were.
    private var matched = 0
    private var hasStart = false
    private var hasMember = false

    /// Whether it was found.
    var isFound: Bool { hasMember || isInText && hasStart }

    /// Has looked at nothing yet.
    init() {}

    /// Looks at the next piece.
    mutating func look(at piece: some Sequence<UInt8>) {
        for byte in piece {
            if hasMember { return }
            // Its first byte is in it once, so that a match which fails begins anew.
            matched = byte == Self.start[matched] ? matched + 1 : byte == Self.quote ? 1 : 0
            if matched == Self.start.count {
                hasStart = true
                matched = 0
            }
            if isInText { lookInText(byte) } else { lookOutside(byte) }
        }
    }

    private mutating func lookInText(_ byte: UInt8) {
        if isEscaped || byte == UInt8(ascii: "\\") {
            isEscaped.toggle()
            name = nil
        } else if byte == Self.quote {
            isInText = false
            isNamed = name.map(Self.names.contains) ?? false
            last = byte
        } else if let length = name?.count {
            if length < 7 { name?.append(byte) } else { name = nil }
        }
    }

    private mutating func lookOutside(_ byte: UInt8) {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: return
        case Self.quote:
            isInText = true
            let isMember = depth == 1 && (last == UInt8(ascii: "{") || last == UInt8(ascii: ","))
            name = isMember ? [] : nil
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if isNamed, last == UInt8(ascii: ":") { hasMember = true }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth = max(0, depth - 1)
        default: break
        }
        if byte != UInt8(ascii: ":") { isNamed = false }
        last = byte
    }

    /// Whether a whole text has it.
    package static func isFound(in text: some Sequence<UInt8>) -> Bool {
        var mark = BlameMark()
        mark.look(at: text)
        return mark.isFound
    }
}
