/// UTF-16, in either order of bytes.
///
/// Source: The Unicode Standard 15.0, table 3-5.
struct UTF16Converter: TextConverter {
    let isBigEndian: Bool
    let isAtBoundary = true

    func convert(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> DecodingStep {
        guard let source = input.baseAddress else { return DecodingStep(taken: 0, given: 0) }
        let count = input.count
        var (taken, given) = (0, 0)
        // Four letters of ASCII at once: the bytes that must be zero, and the bits that must be.
        let mask: UInt64 = isBigEndian ? 0x80FF_80FF_80FF_80FF : 0xFF80_FF80_FF80_FF80
        while given + 8 <= output.count {
            if taken + 8 <= count {
                let raw = UnsafeRawPointer(source + taken).loadUnaligned(as: UInt64.self)
                let word = UInt64(littleEndian: raw)
                if word & mask == 0 {
                    let letters = isBigEndian ? word >> 8 : word
                    for place in 0..<4 {
                        output[given + place] = UInt8(
                            truncatingIfNeeded: letters >> (16 * UInt64(place))
                        )
                    }
                    taken += 8
                    given += 4
                    continue
                }
            }
            guard taken + 2 <= count else { break }
            let unit = unit(source + taken)
            var scalar = UInt32(unit)
            var size = 2
            if unit & 0xFC00 == 0xD800 {
                guard taken + 4 <= count || isLast else { break }
                let next = taken + 4 <= count ? self.unit(source + taken + 2) : 0
                if next & 0xFC00 == 0xDC00 {
                    scalar = 0x10000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(next) & 0x3FF
                    size = 4
                }
            }
            given += writeScalar(scalar, to: output, at: given)
            taken += size
        }
        if isLast, taken < count, taken + 2 > count, given < output.count {
            // Half of a unit.
            output[given] = TextCodec.invalid
            (taken, given) = (count, given + 1)
        }
        return DecodingStep(taken: taken, given: given)
    }

    @inline(__always)
    private func unit(_ bytes: UnsafePointer<UInt8>) -> UInt16 {
        let raw = UnsafeRawPointer(bytes).loadUnaligned(as: UInt16.self)
        return isBigEndian ? UInt16(bigEndian: raw) : UInt16(littleEndian: raw)
    }
}

/// UTF-32, in either order of bytes.
struct UTF32Converter: TextConverter {
    let isBigEndian: Bool
    let isAtBoundary = true

    func convert(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> DecodingStep {
        guard let source = input.baseAddress else { return DecodingStep(taken: 0, given: 0) }
        var (taken, given) = (0, 0)
        while taken + 4 <= input.count, given + 4 <= output.count {
            let raw = UnsafeRawPointer(source + taken).loadUnaligned(as: UInt32.self)
            let scalar = isBigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw)
            given += writeScalar(scalar, to: output, at: given)
            taken += 4
        }
        if isLast, taken < input.count, taken + 4 > input.count, given < output.count {
            output[given] = TextCodec.invalid
            (taken, given) = (input.count, given + 1)
        }
        return DecodingStep(taken: taken, given: given)
    }
}

/// Writes a character in UTF-8, or a byte that stands for what is none.
///
/// - Returns: How many bytes were written, up to four.
private func writeScalar(
    _ value: UInt32,
    to output: UnsafeMutableBufferPointer<UInt8>,
    at place: Int
) -> Int {
    guard Unicode.Scalar(value) != nil else {
        output[place] = TextCodec.invalid
        return 1
    }
    let count = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4
    guard count > 1 else {
        output[place] = UInt8(truncatingIfNeeded: value)
        return 1
    }
    var rest = value
    for index in (1..<count).reversed() {
        output[place + index] = 0x80 | UInt8(truncatingIfNeeded: rest & 0x3F)
        rest >>= 6
    }
    output[place] = UInt8(truncatingIfNeeded: (0xF00 >> UInt32(count)) & 0xFF | rest)
    return count
}
