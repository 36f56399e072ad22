import FoundationEssentials
import Tranche

/// A body that is made of its members without a decoder, which took more than twice as long: one
/// that each batch needs.
protocol PlainBody: Decodable {
    /// Makes the body.
    ///
    /// - Throws: ``PlainMembers/NotPlain`` for what is left to the decoder.
    init(_ members: PlainMembers) throws(PlainMembers.NotPlain)
}

/// The members of a body that is strict JSON.
///
/// What is not plain, such as `1e1` for a whole number, and all that is wrong is left to
/// `JSONDecoder`, which says where it stands.
struct PlainMembers {
    /// That a body is left to the decoder.
    struct NotPlain: Error {}

    private let bytes: [UInt8]
    private let places: [String: Range<Int>]

    /// Takes the members of a body; `nil` where it is no object, or has a member twice, which is
    /// refused once it is decoded.
    init?(_ bytes: [UInt8], _ members: [StrictJSON.Member]) {
        let first = bytes.first { $0 > UInt8(ascii: " ") }
        guard first == UInt8(ascii: "{") else { return nil }
        self.bytes = bytes
        places = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        guard places.count == members.count else { return nil }
    }

    /// The body; `nil` where it is left to the decoder.
    func body<Body: Decodable>(_ type: Body.Type) -> Body? {
        guard let plain = type as? any PlainBody.Type else { return nil }
        do {
            return try plain.init(self) as? Body
        } catch {
            return nil
        }
    }

    // MARK: - Members

    /// A text; `nil` for none and for null.
    func text(_ key: some CodingKey) throws(NotPlain) -> String? {
        guard let value = value(of: key) else { return nil }
        guard value.first == UInt8(ascii: "\""), !value.contains(UInt8(ascii: "\\")),
            let text = String(validating: value.dropFirst().dropLast(), as: UTF8.self)
        else { throw NotPlain() }
        return text
    }

    /// A number; `nil` for none and for null.
    func number(_ key: some CodingKey) throws(NotPlain) -> Double? {
        try converted(key) { text in Double(text).flatMap { $0.isFinite ? $0 : nil } }
    }

    /// A whole number; `nil` for none and for null.
    func whole(_ key: some CodingKey) throws(NotPlain) -> Int? {
        try converted(key) { Int($0) }
    }

    /// A truth; `nil` for none and for null.
    func truth(_ key: some CodingKey) throws(NotPlain) -> Bool? {
        try converted(key) { Bool($0) }
    }

    /// Any value, digit by digit as it was sent; `nil` for none and for null.
    func json(_ key: some CodingKey) throws(NotPlain) -> RawJSON? {
        guard let value = value(of: key) else { return nil }
        guard let text = String(validating: value, as: UTF8.self) else { throw NotPlain() }
        return RawJSON(text)
    }

    /// A list; `nil` for none and for null.
    func list<Element: Decodable>(
        _ key: some CodingKey,
        of type: Element.Type = Element.self
    ) throws(NotPlain) -> [Element]? {
        guard let value = value(of: key) else { return nil }
        do {
            return try JSONDecoder().decode([Element].self, from: Data(value))
        } catch {
            throw NotPlain()
        }
    }

    private func value(of key: some CodingKey) -> ArraySlice<UInt8>? {
        guard let place = places[key.stringValue] else { return nil }
        let value = bytes[place]
        return value.elementsEqual("null".utf8) ? nil : value
    }

    private func converted<Value>(
        _ key: some CodingKey,
        _ convert: (String) -> Value?
    ) throws(NotPlain) -> Value? {
        guard let value = value(of: key) else { return nil }
        guard let converted = convert(String(decoding: value, as: UTF8.self)) else {
            throw NotPlain()
        }
        return converted
    }
}
