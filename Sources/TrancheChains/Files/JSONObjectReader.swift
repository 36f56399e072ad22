import Foundation
import Tranche

/// Reads one JSON object into cells.
///
/// It is strict: RFC 8259, UTF-8, each name once. A number that neither 64 bits nor a double hold keeps its
/// digits.
struct JSONObjectReader {
    /// What keeps a line from being an object, and at which byte.
    struct Failure: Error {
        var message: String
        var place: Int
    }

    private static let deepest = 200

    private let bytes: ArraySlice<UInt8>
    private var place: Int

    init(_ line: ArraySlice<UInt8>) {
        bytes = line
        place = line.startIndex
    }

    /// Reads the object.
    ///
    /// - Parameter texts: The bytes that cells' texts are parts of; begins with those that hold the line, and
    ///   gets texts that had escapes.
    /// - Returns: The names, and a cell for each.
    /// - Throws: ``Failure``.
    mutating func object(
        _ texts: inout [UInt8]
    ) throws -> (names: [String], cells: [RecordCell]) {
        if let bad = UTF8Check.firstInvalid(bytes) {
            throw failure("is no UTF-8", at: bytes.startIndex + bad)
        }
        var names: [String] = []
        var cells: [RecordCell] = []
        skipBlanks()
        guard take("{") else { throw failure("is no JSON object") }
        skipBlanks()
        if !take("}") {
            repeat {
                skipBlanks()
                guard peek == UInt8(ascii: "\"") else {
                    throw failure("has no name where one must be")
                }
                let name = try string(&texts)
                let text = String(decoding: texts[name.textRange], as: UTF8.self)
                guard !text.isEmpty else { throw failure("has an empty name") }
                guard !names.contains(text) else { throw failure("has the name '\(text)' twice") }
                skipBlanks()
                guard take(":") else { throw failure("has no colon behind the name '\(text)'") }
                names.append(text)
                cells.append(try value(&texts))
                skipBlanks()
            } while take(",")
            guard take("}") else { throw failure("has neither a comma nor an end behind a value") }
        }
        skipBlanks()
        guard place == bytes.endIndex else { throw failure("has something behind the object") }
        return (names, cells)
    }

    private var peek: UInt8? { place < bytes.endIndex ? bytes[place] : nil }

    private func failure(_ message: String, at place: Int? = nil) -> Failure {
        Failure(message: message, place: (place ?? self.place) - bytes.startIndex)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D { place += 1 }
    }

    // MARK: - Values

    private mutating func value(_ texts: inout [UInt8]) throws -> RecordCell {
        skipBlanks()
        switch peek {
        case UInt8(ascii: "\""): return try string(&texts)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let start = place
            try skip(depth: 0)
            return cell(.json, from: start)
        case UInt8(ascii: "t"): return try word("true", RecordCell(.boolean, bits: 1))
        case UInt8(ascii: "f"): return try word("false", RecordCell(.boolean))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private func cell(_ kind: RecordCell.Kind, from start: Int, bits: UInt64 = 0) -> RecordCell {
        RecordCell(kind, bits: bits, start: UInt32(start), length: UInt32(place - start))
    }

    private mutating func word(_ word: String, _ value: RecordCell) throws -> RecordCell {
        guard bytes[place...].starts(with: word.utf8) else { throw failure("has an unknown value") }
        place += word.utf8.count
        return value
    }

    private mutating func number() throws -> RecordCell {
        let start = place
        _ = take("-")
        let isZero = take("0")
        let digits = isZero ? 0 : skipDigits()
        guard isZero || digits > 0 else { throw failure("has an unknown value", at: start) }
        if take(".") {
            guard skipDigits() > 0 else { throw failure("has a number without digits") }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard skipDigits() > 0 else { throw failure("has a number without digits") }
        }
        let text = bytes[start..<place]
        var number = text.withUnsafeBufferPointer { NumberText.cell($0) }
        number.start = UInt32(start)
        number.length = UInt32(place - start)
        return number
    }

    private mutating func skipDigits() -> Int {
        let start = place
        while let byte = peek, byte &- 0x30 < 10 { place += 1 }
        return place - start
    }

    /// Skips a value of any depth.
    private mutating func skip(depth: Int) throws {
        guard depth < Self.deepest else { throw failure("is nested too deeply") }
        skipBlanks()
        let isObject = peek == UInt8(ascii: "{")
        guard isObject || peek == UInt8(ascii: "[") else {
            var none: [UInt8] = []
            if peek == UInt8(ascii: "\"") { return try skipString() }
            _ = try value(&none)
            return
        }
        place += 1
        let end: Unicode.Scalar = isObject ? "}" : "]"
        skipBlanks()
        if take(end) { return }
        repeat {
            skipBlanks()
            if isObject {
                guard peek == UInt8(ascii: "\"") else {
                    throw failure("has no name where one must be")
                }
                try skipString()
                skipBlanks()
                guard take(":") else { throw failure("has no colon behind a name") }
            }
            try skip(depth: depth + 1)
            skipBlanks()
        } while take(",")
        guard take(end) else { throw failure("has neither a comma nor an end behind a value") }
    }

    // MARK: - Strings

    private mutating func skipString() throws {
        var none: [UInt8] = []
        _ = try string(&none)
    }

    /// Reads a string; one without escapes stays where it is.
    private mutating func string(_ texts: inout [UInt8]) throws -> RecordCell {
        place += 1
        let start = place
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20
        {
            place += 1
        }
        if peek == UInt8(ascii: "\"") {
            let cell = cell(.text, from: start)
            place += 1
            return cell
        }
        let written = texts.count
        texts += bytes[start..<place]
        while let byte = peek, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("has a control character in a text") }
            place += 1
            if byte == UInt8(ascii: "\\") { try unescape(&texts) } else { texts.append(byte) }
        }
        guard take("\"") else { throw failure("has a text that does not end", at: start - 1) }
        return RecordCell(
            .text,
            start: UInt32(written),
            length: UInt32(texts.count - written)
        )
    }

    private mutating func unescape(_ texts: inout [UInt8]) throws {
        guard let byte = peek else { throw failure("has a text that does not end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): texts.append(byte)
        case UInt8(ascii: "b"): texts.append(0x08)
        case UInt8(ascii: "f"): texts.append(0x0C)
        case UInt8(ascii: "n"): texts.append(0x0A)
        case UInt8(ascii: "r"): texts.append(0x0D)
        case UInt8(ascii: "t"): texts.append(0x09)
        case UInt8(ascii: "u"): texts += Array(String(Character(try scalar())).utf8)
        default: throw failure("has an unknown escape", at: place - 2)
        }
    }

    /// A character given by its number, or by two halves of one.
    private mutating func scalar() throws -> Unicode.Scalar {
        let start = place - 2
        let first = try hexadecimal()
        guard first != 0 else { throw failure("has a NUL in a text", at: start) }
        var value = first
        if first >> 10 == 0xD800 >> 10, take("\\"), take("u") {
            let second = try hexadecimal()
            guard second >> 10 == 0xDC00 >> 10 else {
                throw failure("has half a character", at: start)
            }
            value = 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw failure("has half a character", at: start)
        }
        return scalar
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard bytes.endIndex - place >= 4,
            let value = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
        else { throw failure("has an unknown escape") }
        place += 4
        return value
    }
}
