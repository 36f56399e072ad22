/// How numbers are written as JSON that neither 64 bits nor a double hold without loss, for who
/// reads them with no more than that.
package enum LongNumbers: Sendable {
    /// As they are.
    case asDigits
    /// As texts of their digits.
    case asTexts
    /// As decimals of 128 bits in MongoDB's extended JSON.
    case asDecimals

    /// Appends JSON whose long numbers are written so, also within arrays and objects.
    ///
    /// - Parameters:
    ///   - json: Sound JSON; or a number that may have blanks around it or a plus.
    ///   - output: Where to append.
    ///   - holds: Whether a long number can be written so; any can by default.
    /// - Returns: Whether all could.
    @discardableResult
    package func append(
        _ json: ArraySlice<UInt8>,
        to output: inout [UInt8],
        _ holds: (ArraySlice<UInt8>) -> Bool = { _ in true }
    ) -> Bool {
        var place = json.startIndex
        while place < json.endIndex {
            let byte = json[place]
            let start = place
            switch byte {
            case UInt8(ascii: "\""):
                place += 1
                while place < json.endIndex, json[place] != UInt8(ascii: "\"") {
                    place += json[place] == UInt8(ascii: "\\") ? 2 : 1
                }
                place = min(place + 1, json.endIndex)
                output += json[start..<place]
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), 0x30...0x39:
                while place < json.endIndex, Self.isPart(json[place]) { place += 1 }
                let text = json[start..<place]
                guard appendNumber(text, to: &output, holds) else { return false }
            default:
                output.append(byte)
                place += 1
            }
        }
        return true
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte | 0x20 == 0x65 || byte == 0x2B || byte == 0x2D || byte == 0x2E
    }

    private func appendNumber(
        _ text: ArraySlice<UInt8>,
        to output: inout [UInt8],
        _ holds: (ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        let isLong = text.withUnsafeBufferPointer { NumberText.cell($0).kind == .decimal }
        guard isLong, self != .asDigits else {
            output += text
            return true
        }
        guard holds(text) else { return false }
        if self == .asDecimals { output += "{\"$numberDecimal\":".utf8 }
        JSONBytes.append(text, to: &output)
        if self == .asDecimals { output.append(UInt8(ascii: "}")) }
        return true
    }
}
