import CByteScan

/// Whether bytes are UTF-8.
enum UTF8Check {
    /// Whether all are.
    ///
    /// Sixteen bytes of ASCII are seen at once.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        firstInvalid(bytes) == nil
    }

    /// The place of the first sequence that is none, counted from the first byte.
    static func firstInvalid(_ bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBufferPointer { firstInvalid($0) }
    }

    /// The place of the first sequence that is none.
    ///
    /// Source: The Unicode Standard 15.0, table 3-7, well-formed UTF-8 byte sequences.
    static func firstInvalid(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let count = bytes.count
        var place = 0
        while place < count {
            let first = base[place]
            if first < 0x80 {
                place = tranche_skip_ascii(base, place + 1, count)
                continue
            }
            let length: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            switch first {
            case 0xC2...0xDF: length = 2
            case 0xE0: (length, low) = (3, 0xA0)
            case 0xED: (length, high) = (3, 0x9F)
            case 0xE1...0xEF: length = 3
            case 0xF0: (length, low) = (4, 0x90)
            case 0xF4: (length, high) = (4, 0x8F)
            case 0xF1...0xF3: length = 4
            default: return place
            }
            guard place + length <= count, low...high ~= base[place + 1] else { return place }
            for next in 2..<max(2, length) where base[place + next] & 0xC0 != 0x80 { return place }
            place += length
        }
        return nil
    }
}
