import Glibc

/// A text that is equal to another only where its bytes are, as databases and file systems have it:
/// texts that look alike may differ.
package struct ExactText: Sendable, Hashable {
    /// The text.
    package let text: String

    /// Takes a text.
    package init(_ text: String) {
        self.text = text
    }

    package static func == (lhs: ExactText, rhs: ExactText) -> Bool {
        lhs.text.hasBytes(of: rhs.text)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether its bytes are those of another: `==` also takes texts for equal that look alike.
    ///
    /// Byte by byte over the views of UTF-8 it takes a hundred times as long.
    package func hasBytes(of other: String) -> Bool {
        let isEqual = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { others in
                guard own.count == others.count else { return false }
                guard let own = own.baseAddress, let start = others.baseAddress else { return true }
                return memcmp(own, start, others.count) == 0
            }
        }
        return isEqual.flatMap { $0 } ?? utf8.elementsEqual(other.utf8)
    }
}
