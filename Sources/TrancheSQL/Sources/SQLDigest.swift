package import Tranche

/// A digest of values that is the same in every process: 52 bits of an ``FNVHash``.
package struct SQLDigest {
    private var hash = FNVHash()

    package init() {}

    package var value: Int64 { Int64((hash.value ^ hash.value >> 52) & 0xF_FFFF_FFFF_FFFF) }

    package mutating func add(_ value: Value) {
        add(value.text.map { Array($0.utf8) } ?? [0])
    }

    private mutating func add(_ bytes: [UInt8]) {
        // The length first, so that neighbours cannot lend each other bytes.
        hash.add("\(bytes.count):".utf8)
        hash.add(bytes)
    }
}
