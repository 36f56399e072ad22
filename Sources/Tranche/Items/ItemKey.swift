/// A key of items as what it is compared by: its bytes.
///
/// Texts that read alike may be different keys: so databases have it, too.
package struct ItemKey: Sendable, Hashable {
    /// The key in text form; `nil` for NULL, which is a key of its own.
    package let text: String?

    /// Makes a key.
    package init(_ text: String?) {
        self.text = text
    }

    package static func == (lhs: ItemKey, rhs: ItemKey) -> Bool {
        switch (lhs.text, rhs.text) {
        case (nil, nil): true
        case (let left?, let right?): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text == nil)
        for byte in (text ?? "").utf8 { hasher.combine(byte) }
    }

    /// The key in words, for messages.
    package var words: String { text.map { "'\($0)'" } ?? "NULL" }

    /// Most bytes of a key in UTF-8.
    package static let mostBytes = 1024

    /// What is wrong with a key; `nil` for nothing.
    package var fault: String? {
        guard let text else { return nil }
        let count = text.utf8.count
        if count > Self.mostBytes {
            return "has a key of \(count) bytes; keys have at most \(Self.mostBytes)"
        }
        return text.utf8.contains(0) ? "has a key with a NUL character; keys have none" : nil
    }
}
