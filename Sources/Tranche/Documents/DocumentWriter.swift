import FoundationEssentials

/// The text of a document while it grows.
///
/// A container that is used again closes whatever was opened in it since.
final class DocumentWriter {
    private var bytes: [UInt8] = []
    private var open: [Level] = []

    /// What an object or array is written with.
    enum Shape: UInt8 {
        case object = 0x7B
        case array = 0x5B

        /// The bracket that closes it, which stands two places behind the one that opens it.
        var end: UInt8 { rawValue + 2 }
    }

    private struct Level {
        var shape: Shape
        var isEmpty = true
    }

    /// The text so far.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Appends text as it is.
    func append(_ text: String) {
        bytes += text.utf8
    }

    /// Opens an object or array; one that stands at this depth already goes on.
    func open(_ shape: Shape, at depth: Int) {
        guard open.count <= depth else { return close(downTo: depth + 1) }
        bytes.append(shape.rawValue)
        open.append(Level(shape: shape))
    }

    /// Begins an element of the innermost array or object at a depth.
    func element(at depth: Int) {
        close(downTo: depth)
        if !open[depth - 1].isEmpty { bytes.append(UInt8(ascii: ",")) }
        open[depth - 1].isEmpty = false
    }

    /// Begins a member of the object at a depth.
    func key(_ name: String, at depth: Int) {
        element(at: depth)
        JSONBytes.append(name.utf8, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a value whole.
    func write(_ value: some Encodable) throws {
        switch value {
        case let value as String: JSONBytes.append(value.utf8, to: &bytes)
        case let value as any BinaryInteger: append("\(value)")
        case let value as Bool: append(value ? "true" : "false")
        case let value as Double: append(value.jsonText)
        case let value as Float: append(Double(value).jsonText)
        case let value as Date: JSONBytes.append(value.utcText.utf8, to: &bytes)
        case let value as RawJSON: append(value.line)
        case let value as Item: value.appendJSON(to: &bytes)
        default:
            let depth = open.count
            try value.encode(to: DocumentEncoder(writer: self, depth: depth))
            close(downTo: depth)
        }
    }

    private func close(downTo depth: Int) {
        while open.count > depth { bytes.append(open.removeLast().shape.end) }
    }
}

extension Double {
    /// The number as JSON, without a fraction where it has none; what JSON cannot say is null.
    fileprivate var jsonText: String {
        guard isFinite else { return "null" }
        guard self == rounded(), magnitude < 9e18 else { return String(self) }
        return String(Int64(self))
    }
}

extension Item {
    /// The item as a JSON object, appended to bytes: `id`, `item` and `weight`.
    ///
    /// Bytes are lower-case hexadecimal text, and so are in words numbers that are not finite. A
    /// payload that is JSON stands as it is, on one line.
    package func appendJSON(to output: inout [UInt8]) {
        output += #"{"id":"#.utf8
        if let uid {
            JSONBytes.append(uid.utf8, to: &output)
        } else {
            output += String(id).utf8
        }
        output += #","item":"#.utf8
        switch item {
        case .null: output += "null".utf8
        case .boolean(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += String(value).utf8
        case .real(let value) where value.isFinite: output += value.jsonText.utf8
        case .text(let value) where holdsJSON: output += RawJSON(value).line.utf8
        case .text(let value): JSONBytes.append(value.utf8, to: &output)
        case .real, .blob: JSONBytes.append(text.utf8, to: &output)
        }
        output += #","weight":"#.utf8
        output += weight.jsonText.utf8
        output.append(UInt8(ascii: "}"))
    }
}
