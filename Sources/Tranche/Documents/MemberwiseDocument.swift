package import FoundationEssentials

/// A document that hands its members to a writer, in the order of its `encode(to:)`.
///
/// So are those written that each batch needs: by `encode(to:)` each member goes through a box and
/// two protocols, which took more than twice as long. Both give the same text.
package protocol MemberwiseDocument: Encodable {
    /// Adds each member; one without a value as well.
    func write(to members: inout MemberWriter)
}

extension MemberwiseDocument {
    /// Appends the document as ``Encodable/documentText()`` has it.
    func append(to bytes: inout [UInt8]) {
        var members = MemberWriter(behind: bytes)
        bytes = []
        write(to: &members)
        bytes = members.closed()
    }
}

/// The text of an object while it grows.
package struct MemberWriter {
    private var bytes: [UInt8]
    private var isEmpty = true

    /// Begins an object behind other text.
    init(behind bytes: consuming [UInt8]) {
        self.bytes = bytes
        self.bytes.append(UInt8(ascii: "{"))
    }

    /// The text with the object's end.
    consuming func closed() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Adds a text.
    package mutating func add(_ key: some CodingKey, _ value: String?) {
        add(key, value) { JSONBytes.append($0.utf8, to: &$1) }
    }

    /// Adds a name out of a fixed set.
    package mutating func add(_ key: some CodingKey, _ value: (some RawRepresentable<String>)?) {
        add(key, value?.rawValue)
    }

    /// Adds a whole number.
    package mutating func add(_ key: some CodingKey, _ value: (some BinaryInteger)?) {
        add(key, value) { $1 += String($0).utf8 }
    }

    /// Adds a number; what JSON cannot say as one is null.
    package mutating func add(_ key: some CodingKey, _ value: Double?) {
        add(key, value) { $1 += $0.jsonText.utf8 }
    }

    /// Adds a truth.
    package mutating func add(_ key: some CodingKey, _ value: Bool?) {
        add(key, value) { $1 += ($0 ? "true" : "false").utf8 }
    }

    /// Adds a time.
    package mutating func add(_ key: some CodingKey, _ value: Date?) {
        add(key, value) { $1.append(utc: $0) }
    }

    /// Adds a value as it is stored.
    package mutating func add(_ key: some CodingKey, _ value: RawJSON?) {
        add(key, value) { $1 += $0.line.utf8 }
    }

    /// Adds another document.
    package mutating func add(_ key: some CodingKey, _ value: (some MemberwiseDocument)?) {
        add(key, value) { $0.append(to: &$1) }
    }

    /// Adds a list of items.
    package mutating func add(_ key: some CodingKey, _ value: [Item]?) {
        add(key, value) { $1.append(json: $0) }
    }

    private mutating func add<Value>(
        _ key: some CodingKey,
        _ value: Value?,
        _ write: (Value, inout [UInt8]) -> Void
    ) {
        if !isEmpty { bytes.append(UInt8(ascii: ",")) }
        isEmpty = false
        JSONBytes.append(key.stringValue.utf8, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        guard let value else {
            bytes += "null".utf8
            return
        }
        write(value, &bytes)
    }
}

extension [UInt8] {
    /// Appends a time as JSON.
    mutating func append(utc time: Date) {
        append(UInt8(ascii: "\""))
        time.appendUTCText(to: &self)
        append(UInt8(ascii: "\""))
    }

    /// Appends items as JSON.
    mutating func append(json items: [Item]) {
        append(UInt8(ascii: "["))
        for (place, item) in items.enumerated() {
            if place > 0 { append(UInt8(ascii: ",")) }
            item.appendJSON(to: &self)
        }
        append(UInt8(ascii: "]"))
    }
}
