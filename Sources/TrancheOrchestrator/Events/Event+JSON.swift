package import Tranche

extension Event {
    /// The event as JSON on one line, with the keys in the order `location`, `operation`, `id`,
    /// `trigger` and, where there is one, `payload`.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a payload that is not JSON.
    public var json: String {
        get throws {
            if let payload, let fault = StrictJSON.fault(in: payload) {
                throw TrancheError(
                    .invalidArgument,
                    "the payload of event '\(id)' is not JSON: \(fault)"
                )
            }
            return try documentText()
        }
    }

    /// Reads an event as ``json`` writes it.
    ///
    /// - Parameter json: The text.
    /// - Throws: `TrancheError` `.invalidItem` for another text.
    public init(json: String) throws {
        if let plain = Self.plain(json) {
            self = plain
            return
        }
        do {
            self = try JSONText.decode(Event.self, from: json)
        } catch {
            throw TrancheError(.invalidItem, "no event: \(error)", underlying: error)
        }
        guard payload != nil else { return }
        // The payload is the last member, and stays as it was written.
        var head = self
        head.payload = nil
        let start = try head.documentText().dropLast() + ",\"payload\":"
        if json.hasPrefix(start) { payload = String(json.dropFirst(start.count).dropLast()) }
    }

    /// Reads an event in whose texts nothing is escaped, as nearly all are; `nil` for other text,
    /// of which the decoder knows what it is.
    ///
    /// A decoder takes longer for an event than the database does to keep it.
    private static func plain(_ json: String) -> Event? {
        json.utf8.withContiguousStorageIfAvailable { bytes -> Event? in
            var text = PlainText(bytes)
            guard text.take("{\"location\":\""), let location = text.takeUpToQuote(),
                text.take(",\"operation\":\""), let name = text.takeUpToQuote(),
                let operation = Operation.allCases.first(where: { $0.description == name }),
                operation != .unknown,
                text.take(",\"id\":\""), let id = text.takeUpToQuote(),
                text.take(",\"trigger\":\""), let trigger = text.takeUpToQuote()
            else { return nil }
            var event = Event(location: location, operation: operation, id: id, trigger: trigger)
            if text.take("}") { return text.isAtEnd ? event : nil }
            guard text.take(",\"payload\":"), let payload = text.takeUpToLastBrace(),
                payload != "null", JSONText.isValid(payload)
            else { return nil }
            event.payload = payload
            return event
        } ?? nil
    }
}

extension Event: MemberwiseDocument {
    package func write(to members: inout MemberWriter) {
        members.add(CodingKeys.location, location)
        members.add(CodingKeys.operation, operation.description)
        members.add(CodingKeys.id, id)
        members.add(CodingKeys.trigger, trigger)
        if let payload { members.add(CodingKeys.payload, RawJSON(payload)) }
    }
}

/// A text that is read from its beginning to its end.
private struct PlainText {
    private var rest: Slice<UnsafeBufferPointer<UInt8>>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Goes over what comes next, if it is this.
    mutating func take(_ text: StaticString) -> Bool {
        let meant = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard rest.starts(with: meant) else { return false }
        rest = rest.dropFirst(meant.count)
        return true
    }

    /// Takes a text and the quote behind it; `nil` where something in it is escaped, or should be.
    mutating func takeUpToQuote() -> String? {
        guard let end = rest.firstIndex(where: { $0 == 0x22 || $0 == 0x5C || $0 < 0x20 }),
            rest[end] == 0x22
        else { return nil }
        let text = String(decoding: rest[..<end], as: UTF8.self)
        rest = rest[(end + 1)...]
        return text
    }

    /// Takes what is left without the brace at its end; `nil` where there is none.
    mutating func takeUpToLastBrace() -> String? {
        guard rest.last == UInt8(ascii: "}") else { return nil }
        let text = String(decoding: rest.dropLast(), as: UTF8.self)
        rest = rest[rest.endIndex...]
        return text
    }
}
