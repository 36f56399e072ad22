/// Decodes one value of an item.
struct PayloadDecoder: Decoder, SingleValueDecodingContainer {
    let value: Value
    /// The column's name, for messages.
    let column: String
    let item: ItemDecoder

    /// A type wants keys or elements: the value is JSON then.
    struct NeedsJSON: Error {}

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func decodeNil() -> Bool { value == .null }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if type == Value.self, let value = value as? T { return value }
        switch type {
        case is String.Type: return try require(value.text, type)
        case is Bool.Type: return try require(value.integer.map { $0 != 0 }, type)
        case is Double.Type: return try require(number, type)
        case is Float.Type: return try require(number.map { Float($0) }, type)
        case let type as any FixedWidthInteger.Type:
            return try require(whole(type), T.self)
        default: break
        }
        do {
            return try T(from: self)
        } catch is NeedsJSON {
            guard let text = value.text else { throw mismatch(type) }
            do {
                return try JSONText.decode(type, from: text)
            } catch {
                throw mismatch(type, underlying: error)
            }
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw NeedsJSON()
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw NeedsJSON() }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    private var number: Double? {
        switch value {
        case .real(let value): value
        case .integer(let value): Double(value)
        case .text(let text): Double(text)
        case .null, .boolean, .blob: nil
        }
    }

    private func whole<N: FixedWidthInteger>(_ type: N.Type) -> N? {
        switch value {
        case .integer(let value): N(exactly: value)
        case .real(let value): N(exactly: value)
        case .text(let text): N(text)
        case .null, .boolean, .blob: nil
        }
    }

    private func require<T>(_ found: Any?, _ type: T.Type) throws -> T {
        guard let found = found as? T else { throw mismatch(type) }
        return found
    }

    private func mismatch<T>(_ type: T.Type, underlying: (any Error)? = nil) -> TrancheError {
        let words = value.text.map { "'\($0.prefix(80))'" } ?? "null"
        return item.error(
            "column '\(column)' is \(words), not a value of \(type)",
            underlying: underlying
        )
    }
}
