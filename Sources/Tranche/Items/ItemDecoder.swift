import FoundationEssentials

/// Decodes an item: its columns by their names, or its payload alone.
///
/// A row that asks for keys is given `id`, `item` and `weight`, under these names or those of the
/// source's columns, and the members of a payload that is a JSON object. A row that asks for a
/// single value is given the payload.
struct ItemDecoder: Decoder {
    let item: Item
    let source: SourceDefinition

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Decodes an item.
    ///
    /// - Throws: ``TrancheError`` `.invalidItem`, which names the item and the column.
    static func decode<Row: Decodable>(
        _ type: Row.Type,
        from item: Item,
        of source: SourceDefinition
    ) throws -> Row {
        let decoder = ItemDecoder(item: item, source: source)
        do {
            return try Row(from: decoder)
        } catch is PayloadDecoder.NeedsJSON {
            return try decoder.payload(source.item ?? "item").decode(type)
        } catch let error as DecodingError {
            throw decoder.error("\(error)", underlying: error)
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ItemContainer(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw PayloadDecoder.NeedsJSON()
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        payload(source.item ?? "item")
    }

    func error(_ words: String, underlying: (any Error)? = nil) -> TrancheError {
        TrancheError(
            .invalidItem,
            "item \(item.id) of '\(source.table)': \(words)",
            underlying: underlying
        )
    }

    /// The value of a column; `nil` where there is no such column.
    fileprivate func column(_ name: String) -> PayloadDecoder? {
        switch name {
        case "id", source.uid: PayloadDecoder(value: .integer(item.id), column: name, item: self)
        case "item", source.item: payload(name)
        case "weight", source.weight:
            PayloadDecoder(value: .real(item.weight), column: name, item: self)
        default: nil
        }
    }

    /// The members of a payload that is a JSON object; `nil` for other payloads.
    private var members: KeyedDecodingContainer<DynamicKey>? {
        guard case .text(let text) = item.item, text.utf8.first == UInt8(ascii: "{") else {
            return nil
        }
        // Text that is no object has no members; a key that is asked for is said to be missing.
        return try? JSONText.decode(Members.self, from: text).container
    }

    private func payload(_ column: String) -> PayloadDecoder {
        PayloadDecoder(value: item.item, column: column, item: self)
    }
}

/// The members of a JSON object, each of which is read when it is asked for.
private struct Members: Decodable {
    let container: KeyedDecodingContainer<DynamicKey>

    init(from decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: DynamicKey.self)
    }
}

/// The columns of an item by name.
private struct ItemContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ItemDecoder
    let members: KeyedDecodingContainer<DynamicKey>?

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] {
        let source = decoder.source
        let columns = [source.uid, source.item, source.weight, "id", "item", "weight"]
        let names = columns.compactMap { $0 } + (members?.allKeys.map(\.stringValue) ?? [])
        return Set(names).sorted().compactMap(Key.init)
    }

    func contains(_ key: Key) -> Bool {
        member(key) != nil || decoder.column(key.stringValue) != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        guard let (members, name) = member(key) else { return try column(key).decodeNil() }
        return try members.decodeNil(forKey: name)
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        guard let (members, name) = member(key) else { return try column(key).decode(type) }
        do {
            return try members.decode(type, forKey: name)
        } catch {
            let text = try members.decode(RawJSON.self, forKey: name).text
            throw decoder.error(
                "'\(key.stringValue)' is \(text.prefix(80)), not a value of \(type)",
                underlying: error
            )
        }
    }

    private func member(_ key: Key) -> (KeyedDecodingContainer<DynamicKey>, DynamicKey)? {
        let name = DynamicKey(key.stringValue)
        return members.flatMap { $0.contains(name) ? ($0, name) : nil }
    }

    private func column(_ key: Key) throws -> PayloadDecoder {
        if let column = decoder.column(key.stringValue) { return column }
        throw decoder.error("there is no column '\(key.stringValue)'; there are \(names)")
    }

    private var names: String {
        let source = decoder.source
        return [source.uid, source.item ?? "item", source.weight ?? "weight"]
            .joined(separator: ", ")
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        throw decoder.error("'\(key.stringValue)' is decoded as a type of its own")
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw decoder.error("'\(key.stringValue)' is decoded as a type of its own")
    }

    func superDecoder() throws -> any Decoder { decoder }

    func superDecoder(forKey key: Key) throws -> any Decoder { try column(key) }
}
