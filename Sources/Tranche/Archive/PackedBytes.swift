/// Writes numbers in as few bytes as they need.
struct PackedWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(byte: UInt8) {
        bytes.append(byte)
    }

    /// Appends a number seven bits at a time, the lowest first.
    mutating func append(_ number: UInt64) {
        var left = number
        while left > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: left) | 0x80)
            left >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: left))
    }

    /// Appends how far a number is from another; few bytes where it is near, on either side.
    ///
    /// - Parameters:
    ///   - number: The number.
    ///   - base: The other; the reader must know it.
    mutating func append(_ number: Int64, from base: Int64) {
        let distance = number &- base
        append(UInt64(bitPattern: (distance << 1) ^ (distance >> 63)))
    }

    /// Appends the lowest bytes of a number, the highest of them first.
    mutating func append(_ number: UInt64, width: Int) {
        for place in (0..<width).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: number >> (UInt64(place) * 8)))
        }
    }
}

/// Reads what a ``PackedWriter`` wrote; whatever the bytes are, it throws rather than traps.
struct PackedReader {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    /// How many bytes are left.
    var left: Int { bytes.endIndex - index }

    mutating func byte() throws(PackedBytesError) -> UInt8 {
        guard index < bytes.endIndex else { throw PackedBytesError("it ends too early") }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func number() throws(PackedBytesError) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            // Of the tenth byte one bit is left.
            if shift == 63, byte > 1 { break }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
        }
        throw PackedBytesError("a number has more than 64 bits")
    }

    mutating func number(from base: Int64) throws(PackedBytesError) -> Int64 {
        let folded = try number()
        return base &+ (Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1))
    }

    mutating func number(width: Int) throws(PackedBytesError) -> UInt64 {
        var number: UInt64 = 0
        for _ in 0..<width { number = number << 8 | UInt64(try byte()) }
        return number
    }

    /// Reads a number that must fit.
    mutating func int() throws(PackedBytesError) -> Int {
        guard let int = Int(exactly: try number()) else {
            throw PackedBytesError("a count is too large")
        }
        return int
    }
}

/// What is wrong with packed bytes.
struct PackedBytesError: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
