/// Text in which sequences that were not UTF-8 have become U+FFFD, and where its bytes stood
/// before.
struct RepairedText {
    private(set) var bytes: [UInt8] = []
    /// Places from which on another number of bytes was added.
    private var shifts: [(place: Int, added: Int)] = []

    /// Repairs some bytes.
    init(_ original: ArraySlice<UInt8>) {
        var rest = original
        var added = 0
        bytes.reserveCapacity(original.count + 64)
        while let bad = UTF8Check.firstInvalid(rest) {
            let place = rest.startIndex + bad
            bytes += rest[..<place]
            let length = Self.length(ofInvalid: rest[place...])
            bytes += "\u{FFFD}".utf8
            added += 3 - length
            shifts.append((bytes.count, added))
            rest = rest[(place + length)...]
        }
        bytes += rest
    }

    /// How many bytes one U+FFFD stands for: the longest beginning of a sequence, or one byte.
    ///
    /// Source: The Unicode Standard 15.0, section 3.9, substitution of maximal subparts.
    private static func length(ofInvalid bytes: ArraySlice<UInt8>) -> Int {
        let start = bytes.startIndex
        var length = 1
        while length < min(4, bytes.count), bytes[start + length] & 0xC0 == 0x80 {
            // A beginning can be completed by some bytes; what cannot be ends before this one.
            let beginning = bytes[start...(start + length)]
            guard canGoOn(beginning) else { break }
            length += 1
        }
        return length
    }

    private static func canGoOn(_ beginning: ArraySlice<UInt8>) -> Bool {
        for missing in 1...2 {
            let whole = Array(beginning) + Array(repeating: 0x80, count: missing)
            if UTF8Check.firstInvalid(whole[...]) == nil { return true }
        }
        return false
    }

    /// Where a byte stood before.
    func place(_ place: Int) -> Int {
        var low = 0
        var high = shifts.count
        while low < high {
            let middle = (low + high) / 2
            if shifts[middle].place <= place { low = middle + 1 } else { high = middle }
        }
        return place - (low == 0 ? 0 : shifts[low - 1].added)
    }
}
