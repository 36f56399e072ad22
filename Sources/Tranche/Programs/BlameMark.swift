/// Looks for a member that blames items, `"bad"` or `"bad_ids"`, of the object that a text is,
/// which comes in pieces.
///
/// A value, a longer name and a member of another object within are none, and neither are a `"bad"`
/// that is no list and no object, and what is empty or null, which names nothing. Where the text is
/// no JSON it cannot be told what is within what: there each such name before such a value is one.
package struct BlameMark: Sendable {
    private static let list = Array("bad".utf8)
    private static let ids = Array("bad_ids".utf8)

    /// What the last byte belongs to that is no white space, outside of texts.
    private enum Last {
        /// A text that has ended: a name, where a colon follows.
        case text
        /// The colon behind the name `bad`.
        case colonOfBad
        /// The colon behind the name `bad_ids`.
        case colonOfIDs
        /// The start of a list or an object that is the value of one of these.
        case startOfBlame
        case other
    }

    /// In how many objects and lists it is.
    private var depth = 0
    private var isInText = false
    private var isEscaped = false
    private var last = Last.other
    /// The bytes since the last quotation mark, and no more of them than tell a name.
    private var sinceMark: [UInt8] = []
    /// The last text that may be a name of the outermost object.
    private var name: [UInt8] = []
    /// Whether the text is no JSON, as a quotation mark within a text leaves it.
    private var isBroken = false
    /// Whether it was found.
    private(set) var isFound = false

    /// Has looked at nothing yet.
    init() {}

    /// Looks at the next piece; nothing is copied for it.
    mutating func look(at piece: some Sequence<UInt8>) {
        guard !isFound else { return }
        for byte in piece {
            look(at: byte)
            if isFound { return }
        }
    }

    /// Whether a whole text has it.
    package static func isFound(in text: some Sequence<UInt8>) -> Bool {
        var mark = BlameMark()
        mark.look(at: text)
        return mark.isFound
    }

    private mutating func look(at byte: UInt8) {
        if !isInText, blames(byte) {
            isFound = true
            return
        }
        if byte == UInt8(ascii: "\""), !isEscaped {
            lookAtMark()
            return
        }
        if sinceMark.count <= Self.ids.count { sinceMark.append(byte) }
        if isInText {
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        } else {
            lookBetween(byte)
        }
    }

    /// Whether a byte outside of texts begins what a list names, or a value of `bad_ids` that is
    /// neither a list nor null.
    private func blames(_ byte: UInt8) -> Bool {
        switch last {
        case .colonOfIDs: !Self.isSpace(byte) && !"[{n".utf8.contains(byte)
        case .startOfBlame: !Self.isSpace(byte) && !"]}".utf8.contains(byte)
        case .text, .colonOfBad, .other: false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// Looks at a quotation mark.
    private mutating func lookAtMark() {
        if !isInText, last == .text { isBroken = true }
        if isInText || isBroken {
            name = depth == 1 || isBroken ? sinceMark : []
            last = .text
            isInText = false
        } else {
            isInText = true
        }
        sinceMark.removeAll(keepingCapacity: true)
    }

    /// Looks at a byte outside of texts.
    private mutating func lookBetween(_ byte: UInt8) {
        guard !Self.isSpace(byte) else { return }
        let before = last
        last = .other
        switch byte {
        case UInt8(ascii: ":"):
            if before == .text, name == Self.list { last = .colonOfBad }
            if before == .text, name == Self.ids { last = .colonOfIDs }
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            if before == .colonOfBad || before == .colonOfIDs { last = .startOfBlame }
            depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        case UInt8(ascii: ","): break
        default:
            // Nothing but the above follows a text.
            if before == .text { isBroken = true }
        }
    }
}
