import FoundationEssentials

/// The text of a document while it grows.
///
/// A container that is used again closes whatever was opened in it since.
final class DocumentWriter {
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

    /// The text so far, as UTF-8.
    private(set) var bytes: [UInt8] = []

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
    func write<Given: Encodable>(_ value: Given) throws {
        if let value = exactly(String.self, value) {
            JSONBytes.append(value.utf8, to: &bytes)
        } else if let value = exactly(Int64.self, value) {
            append(String(value))
        } else if let value = exactly(Double.self, value) {
            append(value.jsonText)
        } else if let value = exactly(Date.self, value) {
            bytes.append(utc: value)
        } else if let value = exactly(Bool.self, value) {
            append(value ? "true" : "false")
        } else if let value = exactly(Int.self, value) {
            append(String(value))
        } else if let value = exactly(RawJSON.self, value) {
            append(value.line)
        } else if let value = exactly(Item.self, value) {
            value.appendJSON(to: &bytes)
        } else if let value = exactly([Item].self, value) {
            bytes.append(json: value)
        } else if let value = exactly(BatchDocument.self, value) {
            value.append(to: &bytes)
        } else if let value = exactly(Float.self, value) {
            append(Double(value).jsonText)
        } else if let value = otherInteger(value) {
            append(value)
        } else {
            let depth = open.count
            try value.encode(to: DocumentEncoder(writer: self, depth: depth))
            close(downTo: depth)
        }
    }

    /// A value as what it is; `nil` where it is of another type.
    ///
    /// A cast by itself looks for conformances and boxes first, for each value of a document.
    private func exactly<Given, Wanted>(_ type: Wanted.Type, _ value: Given) -> Wanted? {
        Given.self == Wanted.self ? value as? Wanted : nil
    }

    /// The standard library's other integers, which encode themselves as one value.
    private static let otherIntegers: [ObjectIdentifier] = [
        ObjectIdentifier(Int32.self), ObjectIdentifier(UInt32.self), ObjectIdentifier(UInt64.self),
        ObjectIdentifier(UInt.self), ObjectIdentifier(UInt8.self), ObjectIdentifier(Int16.self),
        ObjectIdentifier(UInt16.self), ObjectIdentifier(Int8.self),
    ]

    private func otherInteger<Given>(_ value: Given) -> String? {
        guard Self.otherIntegers.contains(ObjectIdentifier(Given.self)) else { return nil }
        return (value as? any BinaryInteger).map { "\($0)" }
    }

    private func close(downTo depth: Int) {
        while open.count > depth { bytes.append(open.removeLast().shape.end) }
    }
}

extension Double {
    /// The number as JSON, without a fraction where it has none; what JSON cannot say is null.
    var jsonText: String {
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
