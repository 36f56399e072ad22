package import Tranche

/// A digest that is the same in every process: FNV-1a, 52 bits of it.
///
/// Source: the draft "The FNV Non-Cryptographic Hash Algorithm", section 4.
package struct SQLDigest {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package var value: Int64 { Int64((state ^ state >> 52) & 0xF_FFFF_FFFF_FFFF) }

    package mutating func add(_ value: Value) {
        add(value.text.map { Array($0.utf8) } ?? [0])
    }

    private mutating func add(_ bytes: [UInt8]) {
        // The length first, so that neighbours cannot lend each other bytes.
        for byte in "\(bytes.count):".utf8 { add(byte) }
        for byte in bytes { add(byte) }
    }

    private mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01b3
    }
}
