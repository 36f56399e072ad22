/// One field of one record, as a block keeps it: what kind of value it is, the value's bits, and
/// where its text stands among the block's bytes.
package struct RecordCell: Sendable {
    /// What kind of value a cell holds.
    package enum Kind: UInt8, Sendable {
        case null, boolean, integer, real
        /// Microseconds since 1970 UTC.
        case timestamp
        /// Days since 1970-01-01.
        case date
        /// Text; UTF-8.
        case text
        /// A JSON array or object, as text.
        case json
        case blob
        /// A number whose digits are its meaning, since neither `Int64` nor `Double` holds it
        /// without loss, or since its source keeps it as a decimal; never a whole number that is
        /// spelled as one and that `Int64` holds. Its text is its value, its bits hold nothing.
        case decimal
    }

    /// The value of a number, boolean or time.
    package var bits: UInt64
    /// Where its text begins among the block's bytes.
    package var start: UInt32
    /// How many bytes its text has; a number, boolean or time that was not read from text has none.
    package var length: UInt32
    package var kind: Kind

    @inlinable package init(_ kind: Kind, bits: UInt64 = 0, start: UInt32 = 0, length: UInt32 = 0) {
        self.bits = bits
        self.start = start
        self.length = length
        self.kind = kind
    }

    package static let null = RecordCell(.null)

    @inlinable package var integer: Int64 { Int64(bitPattern: bits) }
    @inlinable package var real: Double { Double(bitPattern: bits) }
    @inlinable package var boolean: Bool { bits != 0 }
    @inlinable package var textRange: Range<Int> { Int(start)..<Int(start) + Int(length) }
}
