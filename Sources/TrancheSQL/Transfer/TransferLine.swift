import FoundationEssentials
import Tranche

/// One line of a file of records: what it is, and its values by name, in order.
struct TransferLine: Encodable {
    /// What the first line is called.
    static let head = "tranche"
    /// What the last line is called.
    static let end = "end"
    /// The form of the lines; another number for one that earlier programs cannot read.
    static let format: Int64 = 1

    let name: String
    let values: [(name: String, value: Value)]

    /// The line with its line break.
    var bytes: [UInt8] {
        get throws { Array(try documentText().utf8) + [UInt8(ascii: "\n")] }
    }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Key.self)
        try line.encode(Members(values: values), forKey: Key(stringValue: name))
    }

    private struct Members: Encodable {
        let values: [(name: String, value: Value)]

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: Key.self)
            for (name, value) in values {
                try members.encode(value.asWritten, forKey: Key(stringValue: name))
            }
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    /// Reads a line.
    ///
    /// - Parameter bytes: The line without its line break.
    /// - Returns: What it is, and its values.
    /// - Throws: The decoder's error, or `TrancheError` `.invalidArgument`.
    static func read(_ bytes: [UInt8]) throws -> (name: String, values: [String: Value]) {
        let line = try JSONDecoder().decode([String: [String: Value]].self, from: Data(bytes))
        guard line.count == 1, let record = line.first else {
            throw TrancheError(.invalidArgument, "it is not a record")
        }
        return (record.key, record.value)
    }
}

extension Value {
    /// The value as a file has it: numbers that JSON does not have are text.
    fileprivate var asWritten: Value {
        if case .real(let number) = self, !number.isFinite { return .text(text ?? "NaN") }
        return self
    }

    /// The value as its column wants it.
    ///
    /// - Parameter kind: The column's kind.
    /// - Returns: The value; `nil` where it can be none of the kind.
    func read(as kind: TransferTable.Kind) -> Value? {
        switch (kind, self) {
        case (_, .null): .null
        case (.real, .integer(let number)): .real(Double(number))
        case (.real, .real): self
        case (.real, .text(let text)): Double(text).map { .real($0) }
        case (.integer, .integer), (.instant, .integer), (.processingTime, .integer): self
        case (.json, .text(let text)): JSONText.isValid(text) ? self : nil
        case (.blob, .text(let text)): Self.bytes(text).map { .blob($0) }
        case (.text, .text): self
        default: nil
        }
    }

    /// The bytes that hexadecimal digits are.
    private static func bytes(_ digits: String) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        func half(_ digit: UInt8) -> UInt8? {
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x57
            default: nil
            }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = half(digits[place]), let low = half(digits[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
