/// A hash of 64 bits that is the same for the same bytes, in every process and version: FNV-1a.
///
/// It guards against slips, not malice. Source: the draft "The FNV Non-Cryptographic Hash
/// Algorithm", section 4.
package struct FNVHash: Sendable {
    /// The hash of what was added so far.
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Makes the hash of no bytes.
    package init() {}

    /// Makes the hash of a text's bytes.
    package init(of text: String) {
        self.init()
        add(text.utf8)
    }

    /// Adds bytes.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
