/// An encoding in which each byte is a character.
struct SingleByteTable: TextConverter, Sendable {
    /// The characters in UTF-8, the first byte lowest; and how many bytes each has.
    private let characters: [(bytes: UInt32, count: Int)]
    private let extendsASCII: Bool
    /// Whether both line ends of EBCDIC become a line feed: files of z/OS Unix end lines with NEL.
    let joinsLineEnds: Bool

    let isAtBoundary = true

    /// Asks iconv for each byte; `nil` when the encoding is none of these.
    ///
    /// - Parameter name: The encoding's name.
    init?(_ name: String) {
        var characters: [(bytes: UInt32, count: Int)] = []
        for byte in UInt8.min...UInt8.max {
            guard let converter = IconvConverter(name) else { return nil }
            switch converter.character(byte) {
            case .character(let bytes):
                guard (1...4).contains(bytes.count) else { return nil }
                let word = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                characters.append((word, bytes.count))
            case .invalid: characters.append((UInt32(TextCodec.invalid), 1))
            case .incomplete: return nil
            }
        }
        let (newline, nextLine) = ((UInt32(0x0A), 1), (UInt32(0x85C2), 2))
        joinsLineEnds = characters[0x25] == newline && characters[0x15] == nextLine
        if joinsLineEnds { characters[0x15] = newline }
        self.characters = characters
        extendsASCII = (0..<128).allSatisfy { characters[$0] == (UInt32($0), 1) }
    }

    func convert(
        _ input: UnsafeBufferPointer<UInt8>,
        isLast: Bool,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> DecodingStep {
        guard let source = input.baseAddress, let target = output.baseAddress else {
            return DecodingStep(taken: 0, given: 0)
        }
        let (count, room) = (input.count, output.count)
        return characters.withUnsafeBufferPointer { characters in
            var taken = 0
            var given = 0
            while taken < count, given + 8 <= room {
                if extendsASCII, taken + 8 <= count {
                    let word = UnsafeRawPointer(source + taken).loadUnaligned(as: UInt64.self)
                    if word & 0x8080_8080_8080_8080 == 0 {
                        UnsafeMutableRawPointer(target + given).storeBytes(
                            of: word,
                            as: UInt64.self
                        )
                        taken += 8
                        given += 8
                        continue
                    }
                }
                let (bytes, size) = characters[Int(source[taken])]
                // What is written beyond the character is written over.
                UnsafeMutableRawPointer(target + given).storeBytes(
                    of: bytes.littleEndian,
                    as: UInt32.self
                )
                taken += 1
                given += size
            }
            return DecodingStep(taken: taken, given: given)
        }
    }
}
