import Tranche

/// Refuses what cannot be a field.
struct RefusingContainer: UnkeyedEncodingContainer, SingleValueEncodingContainer {
    static let byHand =
        "a nested container made by hand cannot be a field; encode a value of a type instead"

    let path: [any CodingKey]
    let reason: String

    var codingPath: [any CodingKey] { path }
    var count: Int { 0 }

    private var error: EncodingError {
        .invalidValue(path, .init(codingPath: path, debugDescription: reason))
    }

    func encodeNil() throws { throw error }
    func encode(_ value: some Encodable) throws { throw error }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(RefusingKeyedContainer<Nested>(path: path))
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self }

    func superEncoder() -> any Encoder { RefusingEncoder(path: path) }
}

/// Refuses fields of fields that were made by hand.
struct RefusingKeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let path: [any CodingKey]

    var codingPath: [any CodingKey] { path }

    private var error: EncodingError {
        .invalidValue(
            path,
            .init(codingPath: path, debugDescription: RefusingContainer.byHand)
        )
    }

    func encodeNil(forKey key: Key) throws { throw error }
    func encode(_ value: some Encodable, forKey key: Key) throws { throw error }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(RefusingKeyedContainer<Nested>(path: path + [key]))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        RefusingContainer(path: path + [key], reason: RefusingContainer.byHand)
    }

    func superEncoder() -> any Encoder { RefusingEncoder(path: path) }
    func superEncoder(forKey key: Key) -> any Encoder { RefusingEncoder(path: path + [key]) }
}

/// Refuses everything.
private struct RefusingEncoder: Encoder {
    let path: [any CodingKey]

    var codingPath: [any CodingKey] { path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(RefusingKeyedContainer<Key>(path: path))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        RefusingContainer(path: path, reason: RefusingContainer.byHand)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        RefusingContainer(path: path, reason: RefusingContainer.byHand)
    }
}
