/// How many columns of a terminal a text takes.
enum TextWidth {
    /// Where characters are two columns wide: W and F of Unicode's EastAsianWidth, without the
    /// symbols among them, which are emoji.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18D08, 0x1AFF0...0x1B2FB, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]

    /// The columns of a character: two where it is wide, or an emoji; none of a mark that stands
    /// alone, or of what is never seen, such as a joiner.
    static func columns(of character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        // Terminals show a soft hyphen.
        case .format where first.properties.isDefaultIgnorableCodePoint && first != "\u{AD}":
            return 0
        default: break
        }
        guard first.value >= 0x1100 else {
            // Such as a digit in a box, which is an emoji by what follows it.
            return character.unicodeScalars.contains("\u{FE0F}") ? 2 : 1
        }
        let isEmoji =
            first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}")
        return isEmoji || wide.contains { $0.contains(first.value) } ? 2 : 1
    }

    /// The columns of a text.
    static func columns(of text: some StringProtocol) -> Int {
        text.utf8.allSatisfy { $0 < 0x80 }
            ? text.utf8.count : text.reduce(0) { $0 + columns(of: $1) }
    }

    /// The beginning of a text that takes at most so many columns.
    static func prefix(of text: String, _ most: Int) -> Substring {
        var (end, left) = (text.startIndex, most)
        while end < text.endIndex {
            left -= columns(of: text[end])
            guard left >= 0 else { break }
            end = text.index(after: end)
        }
        return text[..<end]
    }

    /// The end of a text that takes at most so many columns.
    static func suffix(of text: String, _ most: Int) -> Substring {
        var (start, left) = (text.endIndex, most)
        while start > text.startIndex {
            let before = text.index(before: start)
            left -= columns(of: text[before])
            guard left >= 0 else { break }
            start = before
        }
        return text[start...]
    }
}
