import Tranche

extension HumanText {
    /// Bytes as text: those that are not UTF-8 as `\xFF`, control characters escaped.
    static func escaped(_ bytes: [UInt8]) -> String {
        var text = ""
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var place = 0
        while true {
            switch parser.parseScalar(from: &rest) {
            case .valid(let scalar):
                text += oneLine(String(Unicode.UTF8.decode(scalar)))
                place += scalar.count
            case .error(let length):
                for byte in bytes[place..<min(place + length, bytes.count)] {
                    text += "\\x" + [byte].hexadecimal.uppercased()
                }
                place += length
            case .emptyInput: return text
            }
        }
    }
}
