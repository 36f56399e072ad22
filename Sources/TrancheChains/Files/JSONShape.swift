import Tranche

/// The names of an object, as they are spelt, in order.
///
/// The objects of a file mostly have the same names in the same order: they are compared as bytes,
/// and become `String`s once.
final class JSONShape {
    /// A name as it is spelt, with its quotes.
    struct Name {
        /// Its first eight bytes, those behind its end zero.
        let word: UInt64
        /// The bytes of ``word`` that count.
        let mask: UInt64
        /// All of it.
        let text: UnsafePointer<UInt8>
        let length: Int
    }

    let fields: RecordFields
    let names: UnsafeBufferPointer<Name>
    private let text: UnsafeMutableBufferPointer<UInt8>

    /// Makes a shape.
    ///
    /// - Parameters:
    ///   - spellings: The names as they are spelt, with their quotes.
    ///   - fields: As many fields.
    init(_ spellings: [[UInt8]], fields: RecordFields) {
        self.fields = fields
        let text = UnsafeMutableBufferPointer<UInt8>.allocate(
            capacity: spellings.reduce(1) { $0 + $1.count }
        )
        let names = UnsafeMutableBufferPointer<Name>.allocate(capacity: spellings.count)
        self.text = text
        self.names = UnsafeBufferPointer(names)
        var used = 0
        for (place, spelling) in spellings.enumerated() {
            _ = text[used...].update(fromContentsOf: spelling)
            var word: UInt64 = 0
            var mask: UInt64 = 0
            for (index, byte) in spelling.prefix(8).enumerated() {
                word |= UInt64(byte) << UInt64(8 * index)
                mask |= 0xFF << UInt64(8 * index)
            }
            guard let base = text.baseAddress else { continue }
            names.initializeElement(
                at: place,
                to: Name(
                    word: word,
                    mask: mask,
                    text: UnsafePointer(base + used),
                    length: spelling.count
                )
            )
            used += spelling.count
        }
    }

    deinit {
        names.deallocate()
        text.deallocate()
    }
}

/// The shapes that a parser has met.
struct JSONShapes {
    /// Files whose objects all differ are not remembered forever.
    private static let most = 200

    private var known: [UInt64: [JSONShape]] = [:]
    private var count = 0

    /// Looks for the shape with some names.
    ///
    /// - Parameters:
    ///   - base: The bytes.
    ///   - names: Where the names stand, with their quotes.
    /// - Returns: The shape; `nil` when it was not met.
    func shape(
        _ base: UnsafePointer<UInt8>,
        _ names: [Range<Int>]
    ) -> JSONShape? {
        known[Self.hash(base, names)]?.first { shape in
            shape.names.count == names.count
                && zip(shape.names, names).allSatisfy { known, range in
                    known.length == range.count
                        && UnsafeBufferPointer(start: known.text, count: known.length)
                            .elementsEqual(
                                UnsafeBufferPointer(
                                    start: base + range.lowerBound,
                                    count: range.count
                                )
                            )
                }
        }
    }

    /// Remembers a shape.
    mutating func add(
        _ base: UnsafePointer<UInt8>,
        _ names: [Range<Int>],
        _ fields: RecordFields
    ) -> JSONShape {
        let spellings = names.map { range in
            Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
        }
        let shape = JSONShape(spellings, fields: fields)
        if count == Self.most {
            known = [:]
            count = 0
        }
        known[Self.hash(base, names), default: []].append(shape)
        count += 1
        return shape
    }

    /// Source: Fowler, Noll, Vo, "FNV-1a", 64 bits.
    private static func hash(_ base: UnsafePointer<UInt8>, _ names: [Range<Int>]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for range in names {
            for place in range { hash = (hash ^ UInt64(base[place])) &* 0x100_0000_01b3 }
        }
        return hash
    }
}
