/// Checks that bytes are text that YAML allows.
struct YAMLBytes {
    let file: String
    let limits: YAMLLimits

    /// The bytes without a byte order mark.
    ///
    /// - Throws: ``YAMLError`` at the first byte that is wrong.
    func check(_ bytes: [UInt8]) throws(YAMLError) -> ArraySlice<UInt8> {
        let start = YAMLMark(line: 1, column: 1)
        guard bytes.count <= limits.bytes else {
            throw YAMLError(
                "the file has \(bytes.count) bytes, and at most \(limits.bytes) are read",
                file: file,
                at: start
            )
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw YAMLError("the file is UTF-16; save it as UTF-8", file: file, at: start)
        }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        try checkCharacters(text)
        return text
    }

    private func checkCharacters(_ text: ArraySlice<UInt8>) throws(YAMLError) {
        var (line, column, wasReturn) = (1, 1, false)
        var decoder = UTF8()
        var bytes = text.makeIterator()
        while true {
            switch decoder.decode(&bytes) {
            case .emptyInput: return
            case .error:
                throw YAMLError(
                    "this is not UTF-8; save the file as UTF-8",
                    file: file,
                    at: YAMLMark(line: line, column: column)
                )
            case .scalarValue(let scalar):
                guard Self.isAllowed(scalar) else {
                    throw YAMLError(
                        "the character U+\(Self.hex(scalar)) is not allowed; in a text in double "
                            + "quotes write \\u\(Self.hex(scalar))",
                        file: file,
                        at: YAMLMark(line: line, column: column)
                    )
                }
                if scalar == "\n", wasReturn {
                    // It belongs to the line break that the carriage return was.
                } else if scalar == "\n" || scalar == "\r" {
                    (line, column) = (line + 1, 1)
                } else {
                    column += 1
                }
                wasReturn = scalar == "\r"
            }
        }
    }

    /// What libyaml reads.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF: true
        case 0xFEFF: false
        case 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func hex(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
